#include "node/table/feed_table.h"

#include "base/try.h"
#include "feed/write/signed_elsewhere.h"
#include "node/api/dial_target.h"
#include "node/api/feed_link.h"
#include "node/api/names.h"
#include "node/directory/want_store.h"
#include "node/network/peer_info.h"
#include "node/reading/head_question.h"
#include "store/buffered_store.h"
#include "store/rocks_kv_store.h"

#include <algorithm>
#include <chrono>
#include <tuple>

/// Feeds open when they are first asked for, because a directory may have thousands. The order of opening:
/// 1. the key of an own feed. It may ask for a passphrase, so no lock is held;
/// 2. the rows (FeedHost), once: open_.host_or_open() holds the lock while they open, so two callers get the same host;
/// 3. the swarm, only for a host that was just opened: a peer that comes meets rows that are complete;
/// 4. the writer of an own feed, on the commit thread, which alone uses the journal.
/// host() opens the writer of an own feed before it hands out the rows. Without that a reader would miss the records
/// that a crash left in the journal alone, although they are acknowledged. A writer that cannot open (sealed key,
/// unsafe to sign) leaves the feed readable, with the reason in OwnTerms. release() goes the other way: mirrors are
/// flushed and the store is durable before writers let go of it.
namespace shoal::node {

FeedService FeedTable::service() { return {&open_, context_.hub, context_.swarm, context_.discovery}; }

FeedTable::FeedTable(Context context)
    : context_(std::move(context)),
      files_(context_.storage),
      open_(std::move(context_.storage)),
      removal_({service(), context_.commit_thread}),
      opening_({&open_, context_.keys, context_.commit_thread, context_.clock, context_.log, context_.heartbeat}),
      recovery_({service(), context_.commit_thread, context_.keys, context_.mirrors, context_.log,
                 [this](const FeedReference& feed) -> Result<std::shared_ptr<FeedHost>> {
                   SHOAL_TRY(auto files, storage());
                   return open_host(feed, {files->own.get(), files->own.get()}, files);
                 }}),
      flusher_(context_.pool->make_strand()) {}

Result<FeedReference> FeedTable::resolve(std::string_view feed) const {
  FeedReference reference;
  if (is_feed_link(feed)) {
    SHOAL_TRY(const FeedLink link, parse_feed_link(feed));
    reference.feed = link.feed;
    reference.peer_hints = link.peers;
  } else if (auto id = FeedId::parse(feed)) {
    reference.feed = *id;
  } else {
    const std::string name(feed);
    if (const auto in_memory = open_.volatile_feed(name)) return FeedReference{*in_memory, name, true, {}};
    SHOAL_TRY(const auto key, context_.keys->find(name));
    if (key) {
      const FeedId owned{key->key};
      return FeedReference{owned, name, !removal_.is_removed(owned), {}};
    }
    if (name.size() >= 32 && name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      return Error{Code::invalid_argument,
                   "a feed id has 64 hexadecimal digits, this has " + std::to_string(name.size()), "copy it whole"};
    }
    return Error{Code::not_found, "'" + name + "' is no feed known here",
                 "give an own feed's name (shoal ls), a feed id of 64 hex digits, or a feed link"};
  }
  SHOAL_TRY(const auto key, context_.keys->find(reference.feed.key));
  if (key) reference.name = key->name;
  // Somebody else's as far as this directory goes: only others have it.
  const bool removed = key && removal_.is_removed(reference.feed);
  for (const auto& [name, id] : open_.volatile_feeds()) {
    if (id == reference.feed) reference.name = name;
  }
  reference.own = !reference.name.empty();
  if (removed) reference.own = false;
  return reference;
}

Result<std::shared_ptr<FeedHost>> FeedTable::host(const FeedReference& feed) {
  SHOAL_TRY(auto files, storage());
  if (auto known = open_.host(feed.feed)) {
    dial(feed.feed, feed.peer_hints);
    return known;
  }
  store::KvStore* own_store = files->own.get();
  if (!feed.own) return open_host(feed, {own_store, files->mirrored.get()}, files);
  // Opening the writer too replays what a crash left in the journal; without it the end would be missing.
  const auto writer = own(feed.name);
  if (!writer && writer.error().code == Code::closed) return writer.error();
  SHOAL_TRY(auto opened, open_host(feed, {own_store, own_store}, files));
  if (!writer) {
    context_.log->log(base::LogLevel::warning, "feed",
                      feed.name + " is open for reading only: " + writer.error().message);
    opened->own_terms().set_writer_problem(writer.error());
    SHOAL_CHECK(context_.commit_thread->run([&]() -> Result<void> {
      opened->own_terms().set_signed_size(feed::signed_size(feed.feed, *files->journal));
      return {};
    }));
  }
  return opened;
}

FeedHost::Context FeedTable::host_context(const FeedReference& feed, feed::FeedStores stores,
                                          std::shared_ptr<void> files) {
  FeedHost::Context context;
  context.stores = stores;
  context.files = std::move(files);
  context.clock = context_.clock;
  context.log = context_.log;
  context.node_key = context_.hub->node_key();
  context.upload = context_.upload;
  context.credit = credit_;
  context.online = context_.swarm != nullptr;
  context.sign_receipt = [hub = context_.hub](feed::Receipt& receipt) { hub->sign_receipt(receipt); };
  context.is_named_mirror = [mirrors = context_.mirrors](const PublicKey& key) {
    return mirrors->name_of(key).has_value();
  };
  context.forks = context_.forks;
  context.on_own_fork = [this, id = feed.feed, name = feed.name](const feed::ForkProof& proof) {
    opening_.stop_signing(id, name, [proof, log = context_.log](FeedHost& host) {
      const auto stored = host.log().put_fork_proof(proof);
      if (!stored) log->log(base::LogLevel::error, "feed", stored.error().message);
      return host.fork().error().value_or(Error{Code::fork, "feed " + host.id().hex() + " has forked", ""});
    });
  };
  context.on_signed_elsewhere = [this, id = feed.feed, name = feed.name](const feed::Checkpoint& head) {
    opening_.stop_signing(id, name, [head, log = context_.log](FeedHost& host) -> std::optional<Error> {
      const auto noted = feed::note_signed_elsewhere(host.log(), head);
      if (!noted) log->log(base::LogLevel::error, "feed", noted.error().message);
      const auto checked = noted ? feed::check_signed_elsewhere(host.log()) : noted;
      return checked ? std::nullopt : std::optional(checked.error());
    });
  };
  context.on_blamed = [this, id = feed.feed](const replication::PeerView& peer, std::string_view what) {
    blame(id, peer, what);
  };
  context.on_flooded = [this](const replication::PeerView& peer) { context_.hub->note_flood(peer.node_key); };
  if (context_.discovery) {
    context.on_peers = [discovery = context_.discovery](FeedHost& host, const auto& peers) {
      discovery->note_peers(host, peers);
    };
    context.on_committed = [discovery = context_.discovery](const FeedId& id, const feed::Checkpoint& head) {
      discovery->note_head(id, head);
    };
  }
  context.change_own = [thread = context_.commit_thread](std::function<void()> task) { thread->post(std::move(task)); };
  context.strand = context_.pool->make_strand();
  context.flusher = flusher_;
  return context;
}

Result<std::shared_ptr<FeedHost>> FeedTable::open_host(const FeedReference& feed, feed::FeedStores stores,
                                                       std::shared_ptr<void> files) {
  SHOAL_TRY(const auto directory, storage());
  store::KvStore* const own_store = directory->own.get();
  store::KvStore* const mirrored = directory->mirrored.get();
  const auto open = [&]() -> Result<std::shared_ptr<FeedHost>> {
    // A key that came to where its feed is mirrored: the blocks become those of an own feed.
    if (feed.own && stores.heads == own_store) {
      SHOAL_CHECK(feed::move_block_rows({own_store, mirrored}, feed.feed));
    }
    SHOAL_TRY(auto host, FeedHost::open(feed.feed, feed.own, host_context(feed, stores, std::move(files))));
    if (feed.own) {
      if (const auto head = host->reader().head()) host->own_terms().set_signed_before(head->time);
      SHOAL_TRY(auto retention, load_retention(host->log()));
      host->own_terms().set_retention(std::move(retention));
    }
    return host;
  };
  SHOAL_TRY(const auto opened, open_.host_or_open(feed.feed, open));
  if (!opened.fresh) return opened.host;
  if (context_.swarm != nullptr) {
    context_.hub->serve(*opened.host);
    context_.swarm->join(replication::discovery_key(feed.feed), context_.hub->acceptor(feed.feed));
    dial(feed.feed, context_.peers);
    dial(feed.feed, feed.peer_hints);
    context_.discovery->add(opened.host);
  }
  return opened.host;
}

void FeedTable::dial(const FeedId& feed, const std::vector<std::string>& peers) {
  if (context_.swarm == nullptr) return;
  for (const std::string& peer : peers) {
    // Hints of a feed link come from outside and may be anything.
    const auto target = parse_dial_target(peer);
    if (target) {
      context_.swarm->dial(replication::discovery_key(feed), target->host_port, target->pinned);
    } else {
      context_.log->log(base::LogLevel::warning, "swarm", target.error().message);
    }
  }
}

void FeedTable::blame(const FeedId& feed, const replication::PeerView& peer, std::string_view what) {
  context_.hub->ban(peer.node_key);
  keep_bans();
  if (context_.swarm != nullptr) context_.swarm->note_offence(peer.address.host_port);
  if (context_.on_blamed) context_.on_blamed(peer_info(feed, peer, *context_.clock), what);
}

void FeedTable::keep_bans() {
  flusher_->post([files = files_, hub = context_.hub] {
    if (const auto open = files.lock()) hub->save_bans(*open->own);
  });
}

Result<std::shared_ptr<OwnFeed>> FeedTable::own(const std::string& name, const std::optional<std::string>& passphrase) {
  SHOAL_TRY(auto files, storage());
  if (auto writer = open_.writer(name)) return writer;
  SHOAL_TRY(const auto known, context_.keys->find(name));
  if (known) {
    SHOAL_TRY(const auto removed, find_removed(*files->own, FeedId{known->key}));
    if (removed) return removed_error(name, *removed);
  }
  if (known && recovery_.is_busy(FeedId{known->key})) {
    return Error{Code::in_use, "feed " + name + " is being recovered", "wait for its end"};
  }
  // Asks for a passphrase, so no lock is held.
  SHOAL_TRY(auto key, context_.keys->open(name, passphrase));
  const FeedId id{key.public_key()};
  SHOAL_TRY(auto opened, open_host({id, name, true, {}}, {files->own.get(), files->own.get()}, files));
  return opening_.open(name, std::move(opened), std::move(key), *files->own, *files->journal, files->place);
}

void FeedTable::hear_peers(FeedHost& host) const {
  constexpr std::chrono::milliseconds kWait{1000};
  if (context_.swarm == nullptr || context_.peers.empty()) return;
  const auto question = HeadQuestion::ask(host, std::chrono::milliseconds(0), kWait);
  const auto end = std::chrono::steady_clock::now() + kWait;
  while (!question->done && !host.news().closed() && std::chrono::steady_clock::now() < end) {
    const std::uint64_t version = host.news().version();
    if (!question->done) std::ignore = host.news().wait_change(version, end, {});
  }
  // What they showed may stop the writer, on the commit thread.
  std::ignore = context_.commit_thread->run([]() -> Result<void> { return {}; });
}

Result<RecoveredFeed> FeedTable::recover(const std::string& name, const RecoverOptions& options, const Wait& wait) {
  SHOAL_TRY(const auto files, storage());
  SHOAL_TRY(const auto key, context_.keys->find(name));
  if (!key) return Error{Code::not_found, "there is no own feed named " + name, "shoal key ls lists them"};
  const FeedReference feed{FeedId{key->key}, name, true, {}};
  SHOAL_TRY(const auto removed, find_removed(*files->own, feed.feed));
  if (removed) return removed_error(name, *removed);
  auto recovered = recovery_.recover(feed, options, wait);
  // It is served again in any case.
  if (const auto again = host(feed); !again) return recovered ? again.error() : std::move(recovered);
  return recovered;
}

Result<void> FeedTable::take_in(const FeedReference& feed, const std::function<Result<void>(FeedHost&)>& take) {
  const auto taken = recovery_.take_in(feed, take);
  const auto again = host(feed);
  return taken && !again ? Result<void>(again.error()) : taken;
}

Result<OpenedFeed> FeedTable::open_volatile(const std::string& name) {
  if (!is_legal_name(name)) return Error{Code::invalid_argument, "'" + name + "' is no legal name", ""};
  SHOAL_TRY(const auto stored, context_.keys->find(name));
  if (stored) {
    return Error{Code::already_exists, "there is a feed " + name + " on disk already", "choose another name"};
  }
  auto files = std::make_shared<VolatileFiles>();
  SHOAL_TRY(auto rows, store::open_rocks_store("/" + name, store::Backing::memory, *context_.log));
  files->store = std::make_unique<store::BufferedStore>(std::move(rows), store::BufferedStore::kMemory);
  files->journal = store::make_memory_journal();
  auto key = crypto::KeyPair::generate();
  const FeedId id{key.public_key()};
  SHOAL_TRY(const FeedId named, open_.add_volatile(name, id));
  if (named != id) return OpenedFeed{named, false};
  SHOAL_TRY(auto opened, open_host({id, name, true, {}}, {files->store.get(), files->store.get()}, files));
  SHOAL_CHECK(opening_.open(name, std::move(opened), std::move(key), *files->store, *files->journal, ""));
  return OpenedFeed{id, true};
}

Result<std::vector<FeedReference>> FeedTable::known() const {
  SHOAL_TRY(const auto files, storage());
  SHOAL_TRY(const auto found, context_.keys->list());
  const std::vector<KeyInfo>& keys = found.keys;
  std::vector<FeedReference> references;
  references.reserve(keys.size());
  std::map<FeedId, std::string> removed;
  for (const KeyInfo& key : keys) {
    const FeedId id{key.key};
    SHOAL_TRY(const auto gone, find_removed(*files->own, id));
    if (gone) {
      removed.emplace(id, key.name);
    } else {
      references.push_back({id, key.name, true, {}});
    }
  }
  SHOAL_TRY(const auto stored, feed::FeedLog::list(*files->own));
  for (const FeedId& id : stored) {
    const bool own = std::any_of(references.begin(), references.end(),
                                 [&](const FeedReference& reference) { return reference.own && reference.feed == id; });
    const auto name = removed.find(id);
    if (!own) references.push_back({id, name == removed.end() ? "" : name->second, false, {}});
  }
  for (const auto& [name, id] : open_.volatile_feeds()) references.push_back({id, name, true, {}});
  return references;
}

bool FeedTable::is_volatile(const FeedId& feed) const {
  const auto known = open_.volatile_feeds();
  return std::any_of(known.begin(), known.end(), [&](const auto& entry) { return entry.second == feed; });
}

Result<std::shared_ptr<FeedHost>> FeedTable::mirror(const FeedReference& feed, const MirrorOptions& options) {
  SHOAL_TRY(auto open, host(feed));
  SHOAL_CHECK(save_want(open->log(), options));
  open->set_mirror(options);
  return open;
}

void FeedTable::resume_mirrors() {
  const auto feeds = known();
  if (!feeds) return context_.log->log(base::LogLevel::error, "node", feeds.error().message);
  if (const auto keys = context_.keys->list()) {
    for (const Error& error : keys->unreadable) {
      context_.log->log(base::LogLevel::error, "node", error.message + "; its feed is neither signed nor served");
    }
  }
  for (const FeedReference& feed : *feeds) {
    if (feed.own) continue;
    const auto open = host(feed);
    if (!open) continue;  // feeds() has said why
    const auto want = load_want((*open)->log());
    if (!want) {
      context_.log->log(base::LogLevel::error, "node", "feed " + feed.feed.hex() + ": " + want.error().message);
    } else if (*want && !(*open)->terms().options()) {
      (*open)->set_mirror(**want);
    }
  }
}

Result<void> FeedTable::set_retention(const FeedReference& feed, const Retention& retention) {
  SHOAL_TRY(const auto open, host(feed));
  SHOAL_CHECK(save_retention(open->log(), retention));
  open->own_terms().set_retention(retention == Retention{} ? std::nullopt : std::optional<Retention>(retention));
  return {};
}

void FeedTable::release() {
  OpenFeeds::All all = open_.take_all();
  const auto report = [&](const Result<void>& done) {
    if (!done) context_.log->log(base::LogLevel::error, "node", done.error().message);
  };
  for (auto& [id, open] : all.hosts) {
    if (open->mirror() != nullptr) report(open->mirror()->flush());
    open->receipts().save();
  }
  if (all.storage) report(all.storage->own->make_durable());
  for (auto& [name, writer] : all.writers) writer->release();
}

}  // namespace shoal::node
