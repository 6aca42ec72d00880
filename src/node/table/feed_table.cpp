#include "node/table/feed_table.h"

#include "base/try.h"
#include "node/api/dial_target.h"
#include "node/api/feed_link.h"
#include "node/api/names.h"
#include "node/directory/want_store.h"
#include "node/network/peer_info.h"
#include "store/deferring_store.h"
#include "store/rocks_kv_store.h"

#include <algorithm>

namespace shoal::node {
namespace {

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

}  // namespace

Result<void> FeedTable::check_open() const {
  if (closed_) return closed_error();
  return {};
}

Result<std::shared_ptr<Storage>> FeedTable::storage() const {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  return parts_.storage;
}

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
    {
      const std::lock_guard lock(mutex_);
      const auto in_memory = volatile_feeds_.find(name);
      if (in_memory != volatile_feeds_.end()) return FeedReference{in_memory->second, name, true, {}};
    }
    SHOAL_TRY(const auto key, parts_.keys->find(name));
    if (key) {
      const FeedId owned{key->key};
      return FeedReference{owned, name, !is_removed(owned), {}};
    }
    if (name.size() >= 32 && name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      return Error{Code::invalid_argument,
                   "a feed id has 64 hexadecimal digits, this has " + std::to_string(name.size()), "copy it whole"};
    }
    return Error{Code::not_found, "'" + name + "' is no feed known here",
                 "give an own feed's name (shoal ls), a feed id of 64 hex digits, or a feed link"};
  }
  SHOAL_TRY(const auto key, parts_.keys->find(reference.feed.key));
  if (key) reference.name = key->name;
  // Somebody else's as far as this directory goes: only others have it.
  const bool removed = key && is_removed(reference.feed);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, id] : volatile_feeds_) {
    if (id == reference.feed) reference.name = name;
  }
  reference.own = !reference.name.empty();
  if (removed) reference.own = false;
  return reference;
}

Result<std::shared_ptr<FeedHost>> FeedTable::host(const FeedReference& feed) {
  SHOAL_TRY(auto files, storage());
  {
    const std::lock_guard lock(mutex_);
    SHOAL_CHECK(check_open());
    if (const auto open = hosts_.find(feed.feed); open != hosts_.end()) {
      dial(feed.feed, feed.peer_hints);
      return open->second;
    }
  }
  store::KvStore* own_store = files->own.get();
  if (!feed.own) return open_host(feed, {own_store, files->mirrored.get()}, files);
  // Opening the writer too replays what a crash left in the journal; without it the end would be missing.
  const auto writer = own(feed.name);
  if (!writer && writer.error().code == Code::closed) return writer.error();
  SHOAL_TRY(auto opened, open_host(feed, {own_store, own_store}, files));
  if (!writer) {
    parts_.log->log(base::LogLevel::warning, "feed",
                    feed.name + " is open for reading only: " + writer.error().message);
    opened->set_writer_problem(writer.error());
  }
  return opened;
}

Result<std::shared_ptr<FeedHost>> FeedTable::open_host(const FeedReference& feed, feed::FeedStores stores,
                                                       std::shared_ptr<void> files) {
  FeedHost::Parts parts;
  parts.stores = stores;
  parts.files = std::move(files);
  parts.clock = parts_.clock;
  parts.log = parts_.log;
  parts.node_key = parts_.hub->node_key();
  parts.upload = parts_.upload;
  parts.credit = credit_;
  parts.online = parts_.swarm != nullptr;
  parts.sign_receipt = [hub = parts_.hub](feed::Receipt& receipt) { hub->sign_receipt(receipt); };
  parts.is_named_mirror = [mirrors = parts_.mirrors](const PublicKey& key) {
    return mirrors->name_of(key).has_value();
  };
  parts.forks = parts_.forks;
  parts.on_own_fork = [this, id = feed.feed, name = feed.name](const feed::ForkProof& proof) {
    stop_signing(id, name, proof);
  };
  parts.on_blamed = [this, id = feed.feed](const replication::PeerView& peer, std::string_view what) {
    blame(id, peer, what);
  };
  parts.on_flooded = [this](const replication::PeerView& peer) { parts_.hub->note_flood(peer.node_key); };
  if (parts_.discovery) {
    parts.on_peers = [discovery = parts_.discovery](FeedHost& host, const auto& peers) {
      discovery->note_peers(host, peers);
    };
    parts.on_committed = [discovery = parts_.discovery](const FeedId& id, const feed::Checkpoint& head) {
      discovery->note_head(id, head);
    };
  }
  std::shared_ptr<FeedHost> opened;
  {
    const std::lock_guard lock(mutex_);
    SHOAL_CHECK(check_open());
    if (const auto open = hosts_.find(feed.feed); open != hosts_.end()) return open->second;
    parts.strand = parts_.pool->make_strand();
    parts.flusher = flusher_;
    SHOAL_TRY(opened, FeedHost::open(feed.feed, feed.own, std::move(parts)));
    if (feed.own) {
      SHOAL_TRY(auto retention, load_retention(opened->log()));
      opened->set_retention(std::move(retention));
    }
    hosts_[feed.feed] = opened;
  }
  if (parts_.swarm != nullptr) {
    parts_.hub->serve(*opened);
    parts_.swarm->join(replication::discovery_key(feed.feed), parts_.hub->acceptor(feed.feed));
    dial(feed.feed, parts_.peers);
    dial(feed.feed, feed.peer_hints);
    parts_.discovery->add(opened);
  }
  return opened;
}

void FeedTable::dial(const FeedId& feed, const std::vector<std::string>& peers) {
  if (parts_.swarm == nullptr) return;
  for (const std::string& peer : peers) {
    // Hints of a feed link come from outside and may be anything.
    const auto target = parse_dial_target(peer);
    if (target) {
      parts_.swarm->dial(replication::discovery_key(feed), target->host_port, target->pinned);
    } else {
      parts_.log->log(base::LogLevel::warning, "swarm", target.error().message);
    }
  }
}

void FeedTable::blame(const FeedId& feed, const replication::PeerView& peer, std::string_view what) {
  parts_.hub->ban(peer.node_key);
  keep_bans();
  if (parts_.swarm != nullptr) parts_.swarm->note_offence(peer.address.host_port);
  if (parts_.on_blamed) parts_.on_blamed(peer_info(feed, peer, *parts_.clock), what);
}

void FeedTable::keep_bans() {
  flusher_->post([files = std::weak_ptr(parts_.storage), hub = parts_.hub] {
    if (const auto open = files.lock()) hub->save_bans(*open->own);
  });
}

Result<std::shared_ptr<OwnFeed>> FeedTable::own(const std::string& name, const std::optional<std::string>& passphrase) {
  SHOAL_TRY(auto files, storage());
  {
    const std::lock_guard lock(mutex_);
    if (const auto open = own_feeds_.find(name); open != own_feeds_.end()) return open->second;
  }
  SHOAL_TRY(const auto known, parts_.keys->find(name));
  if (known) {
    SHOAL_TRY(const auto removed, find_removed(*files->own, FeedId{known->key}));
    if (removed) return removed_error(name, *removed);
  }
  // Asks for a passphrase, so no lock is held.
  SHOAL_TRY(auto key, parts_.keys->open(name, passphrase));
  const FeedId id{key.public_key()};
  SHOAL_TRY(auto opened, open_host({id, name, true, {}}, {files->own.get(), files->own.get()}, files));
  return open_writer(name, std::move(opened), std::move(key), *files->own, *files->journal, files->place);
}

Result<std::shared_ptr<OwnFeed>> FeedTable::open_writer(const std::string& name, std::shared_ptr<FeedHost> host,
                                                        crypto::KeyPair key, store::KvStore& store,
                                                        store::Journal& journal, std::string place) {
  std::shared_ptr<OwnFeed> opened;
  // The journal belongs to the commit thread, which therefore opens one writer after the other.
  const auto open_here = [&]() -> Result<void> {
    {
      const std::lock_guard lock(mutex_);
      SHOAL_CHECK(check_open());
      if (const auto open = own_feeds_.find(name); open != own_feeds_.end()) opened = open->second;
    }
    if (opened) return {};
    feed::WriterOptions options;
    options.place = std::move(place);
    auto writer =
        feed::FeedWriter::open(host->log(), store, journal, std::move(key), *parts_.clock, *parts_.log, options);
    if (!writer) {
      const Error problem = host->fork_error().value_or(writer.error());
      host->set_writer_problem(problem);
      return problem;
    }
    opened = std::make_shared<OwnFeed>(host, std::move(*writer), parts_.heartbeat, *parts_.clock, *parts_.log);
    host->set_writer_problem(std::nullopt);
    // What a crash left in the journal is news.
    host->notify();
    const std::lock_guard lock(mutex_);
    own_feeds_[name] = opened;
    parts_.commit_thread->add(opened);
    return {};
  };
  SHOAL_CHECK(parts_.commit_thread->run(open_here));
  return opened;
}

void FeedTable::stop_signing(const FeedId& feed, const std::string& name, const feed::ForkProof& proof) {
  parts_.commit_thread->post([this, feed, name, proof] {
    std::shared_ptr<FeedHost> host;
    std::shared_ptr<OwnFeed> writer;
    {
      const std::lock_guard lock(mutex_);
      if (const auto open = hosts_.find(feed); open != hosts_.end()) host = open->second;
      if (const auto open = own_feeds_.find(name); open != own_feeds_.end()) writer = open->second;
    }
    if (!host) return;
    if (const auto stored = host->log().put_fork_proof(proof); !stored) {
      parts_.log->log(base::LogLevel::error, "feed", stored.error().message);
    }
    const Error problem = host->fork_error().value_or(Error{Code::fork, "feed " + feed.hex() + " has forked", ""});
    host->set_writer_problem(problem);
    if (writer) writer->fail(problem);
    host->notify();
  });
}

Result<OpenedFeed> FeedTable::open_volatile(const std::string& name) {
  if (!is_legal_name(name)) return Error{Code::invalid_argument, "'" + name + "' is no legal name", ""};
  SHOAL_TRY(const auto stored, parts_.keys->find(name));
  if (stored) {
    return Error{Code::already_exists, "there is a feed " + name + " on disk already", "choose another name"};
  }
  auto files = std::make_shared<VolatileFiles>();
  SHOAL_TRY(auto rows, store::open_rocks_store("/" + name, store::Backing::memory, *parts_.log));
  files->store = std::make_unique<store::DeferringStore>(std::move(rows));
  files->journal = store::make_memory_journal();
  auto key = crypto::KeyPair::generate();
  const FeedId id{key.public_key()};
  {
    const std::lock_guard lock(mutex_);
    SHOAL_CHECK(check_open());
    const auto [entry, fresh] = volatile_feeds_.try_emplace(name, id);
    if (!fresh) return OpenedFeed{entry->second, false};
  }
  SHOAL_TRY(auto opened, open_host({id, name, true, {}}, {files->store.get(), files->store.get()}, files));
  SHOAL_CHECK(open_writer(name, std::move(opened), std::move(key), *files->store, *files->journal, ""));
  return OpenedFeed{id, true};
}

Result<std::vector<FeedReference>> FeedTable::known() const {
  SHOAL_TRY(const auto files, storage());
  SHOAL_TRY(const auto keys, parts_.keys->list());
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
  const std::lock_guard lock(mutex_);
  for (const auto& [name, id] : volatile_feeds_) references.push_back({id, name, true, {}});
  return references;
}

bool FeedTable::is_volatile(const FeedId& feed) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(volatile_feeds_.begin(), volatile_feeds_.end(),
                     [&](const auto& entry) { return entry.second == feed; });
}

Result<std::shared_ptr<FeedHost>> FeedTable::mirror(const FeedReference& feed, const MirrorOptions& options) {
  SHOAL_TRY(auto open, host(feed));
  SHOAL_CHECK(save_want(open->log(), options));
  open->set_mirror(options);
  return open;
}

void FeedTable::resume_mirrors() {
  const auto feeds = known();
  if (!feeds) return parts_.log->log(base::LogLevel::error, "node", feeds.error().message);
  for (const FeedReference& feed : *feeds) {
    if (feed.own) continue;
    const auto open = host(feed);
    if (!open) continue;  // feeds() has said why
    const auto want = load_want((*open)->log());
    if (!want) {
      parts_.log->log(base::LogLevel::error, "node", "feed " + feed.feed.hex() + ": " + want.error().message);
    } else if (*want && !(*open)->mirror_options()) {
      (*open)->set_mirror(**want);
    }
  }
}

Result<void> FeedTable::set_retention(const FeedReference& feed, const Retention& retention) {
  SHOAL_TRY(const auto open, host(feed));
  SHOAL_CHECK(save_retention(open->log(), retention));
  open->set_retention(retention == Retention{} ? std::nullopt : std::optional<Retention>(retention));
  return {};
}

std::vector<std::shared_ptr<FeedHost>> FeedTable::open_hosts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<FeedHost>> hosts;
  for (const auto& [id, open] : hosts_) hosts.push_back(open);
  return hosts;
}

void FeedTable::stop_taking() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [name, feed] : own_feeds_) feed->stop_taking();
}

void FeedTable::close_feeds() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, feed] : own_feeds_) feed->close();
  for (auto& [id, open] : hosts_) open->close();
}

void FeedTable::release() {
  decltype(hosts_) hosts;
  decltype(own_feeds_) own_feeds;
  decltype(retired_) retired;
  std::shared_ptr<Storage> files;
  {
    const std::lock_guard lock(mutex_);
    hosts.swap(hosts_);
    own_feeds.swap(own_feeds_);
    retired.swap(retired_);
    files.swap(parts_.storage);
  }
  const auto report = [&](const Result<void>& done) {
    if (!done) parts_.log->log(base::LogLevel::error, "node", done.error().message);
  };
  for (auto& [id, open] : hosts) {
    if (open->mirror() != nullptr) report(open->mirror()->flush());
    open->save_receipts();
  }
  if (files) report(files->own->make_durable());
  for (auto& [name, feed] : own_feeds) feed->release();
}

}  // namespace shoal::node
