#include "node/local_node.h"

#include "base/try.h"
#include "node/api/deadline.h"
#include "node/api/host_port.h"
#include "node/network/network_options.h"
#include "node/reading/producer.h"
#include "node/runtime/log_adapter.h"

#include <algorithm>
#include <thread>

namespace shoal::node {
namespace {

/// One strand per session and feed share these: decrypting and hashing keep both cores of a small machine busy.
constexpr unsigned kPoolThreads = 2;
/// close() waits this long for calls on their way, which were all told to end.
constexpr std::chrono::seconds kCloseTimeout{5};

}  // namespace

Result<std::shared_ptr<NodeApi>> open_node(NodeOptions options) {
  SHOAL_TRY(auto node, LocalNode::open(std::move(options)));
  return std::shared_ptr<NodeApi>(std::move(node));
}

LocalNode::LocalNode(NodeOptions options)
    : options_(std::move(options)), log_(std::make_unique<LogAdapter>(options_.log)) {}

Result<std::shared_ptr<LocalNode>> LocalNode::open(NodeOptions options, PeerHub::WrapOutbox wrap_outbox) {
  crypto::init();
  if (options.heartbeat.count() != 0 && options.heartbeat < std::chrono::seconds(1)) {
    return Error{Code::invalid_argument, "heartbeats come once a second at most", "choose 1 s or more, or 0 for none"};
  }
  options.heartbeat = limited(options.heartbeat);
  if (options.data_dir.empty()) return Error{Code::invalid_argument, "no data directory", "pass --data DIR"};
  std::shared_ptr<LocalNode> node(new LocalNode(std::move(options)));
  SHOAL_CHECK(node->start(std::move(wrap_outbox)));
  return node;
}

LocalNode::~LocalNode() { close(); }

Result<void> LocalNode::start(PeerHub::WrapOutbox wrap_outbox) {
  SHOAL_TRY(auto storage, Storage::open(options_.data_dir, *log_));
  keys_ = std::make_unique<KeyStore>(storage->directory->keys(), options_.passphrase);
  mirrors_ = std::make_unique<TrustedMirrors>(storage->directory->keys());
  for (std::string& peer : options_.peers) {
    SHOAL_TRY(peer, with_trusted_key(peer, *mirrors_));
  }
  pool_ = std::make_unique<WorkerPool>(kPoolThreads);
  SHOAL_TRY(auto node_key, crypto::KeyPair::from_seed(storage->node_key->seed().view()));
  hub_ = std::make_shared<PeerHub>(std::move(node_key), *pool_, clock_, *log_);
  hub_->wrap_outboxes(std::move(wrap_outbox));
  hub_->load_bans(*storage->own);
  commit_thread_ = std::make_unique<CommitThread>(clock_);
  if (!options_.offline) SHOAL_CHECK(start_network(*storage->directory));
  FeedTable::Parts parts;
  parts.forks = storage->directory->forks();
  parts.storage = std::move(storage);
  parts.keys = keys_.get();
  parts.mirrors = mirrors_.get();
  parts.pool = pool_.get();
  parts.hub = hub_.get();
  parts.swarm = swarm_.get();
  parts.discovery = discovery_;
  parts.commit_thread = commit_thread_.get();
  parts.clock = &clock_;
  parts.log = log_.get();
  parts.upload = options_.upload;
  parts.heartbeat = options_.heartbeat;
  parts.peers = options_.peers;
  parts.on_blamed = [this](const PeerInfo& peer, std::string_view what) { tell_blamed(peer, what); };
  table_ = std::make_unique<FeedTable>(std::move(parts));
  retention_ = std::make_unique<RetentionThread>(*table_, *commit_thread_, clock_, *log_);
  return table_->finish_removals();
}

Result<void> LocalNode::start_network(const DataDirectory& directory) {
  SHOAL_TRY(const auto settings, swarm_options(options_, directory.remembered_port()));
  SHOAL_TRY(swarm_, swarm::start_swarm(settings, *log_));
  const auto port = port_of(swarm_->listening());
  if (options_.listen.empty() && port) directory.remember_port(*port);
  Discovery::Parts parts;
  parts.swarm = swarm_.get();
  parts.pool = pool_.get();
  parts.clock = &clock_;
  parts.log = log_.get();
  parts.hints = settings.dht;
  parts.private_network = settings.private_network;
  discovery_ = std::make_shared<Discovery>(parts);
  discovery_->start();
  return {};
}

void LocalNode::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
  }
  closing_.request_stop();
  if (!table_) return;  // start() failed; nothing runs but idle threads
  std::weak_ptr<Storage> files;
  if (auto storage = table_->storage()) files = *storage;
  // What was taken is committed; then from the outside in: nobody waits, no new message, no running strand; then the
  // files.
  if (retention_) {
    retention_->settle_own_feeds();
    retention_->stop();
  }
  table_->stop_taking();
  commit_thread_->stop();
  table_->close_feeds();
  hub_->close();
  if (discovery_) discovery_->stop();
  const std::unique_lock unused(swarm_in_use_);
  std::unique_ptr<swarm::Swarm> swarm;
  {
    const std::lock_guard lock(mutex_);
    swarm.swap(swarm_);
  }
  swarm.reset();
  pool_->stop();
  if (const auto storage = files.lock()) hub_->save_bans(*storage->own);
  table_->release();
  const auto deadline = std::chrono::steady_clock::now() + kCloseTimeout;
  while (!files.expired() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Result<FeedReference> LocalNode::resolve(std::string_view feed) { return table_->resolve(feed); }

Result<OpenedFeed> LocalNode::open_feed(const std::string& name, const FeedOptions& options) {
  SHOAL_CHECK(table_->storage());
  SHOAL_TRY(auto key, keys_->find(name));
  if (options.in_memory) {
    SHOAL_TRY(const auto opened, table_->open_volatile(name));
    return settle_retention(opened, name, options);
  }
  if (!key) {
    if (const auto known = table_->resolve(name)) return settle_retention({known->feed, false}, name, options);
    if (!options.create) {
      return Error{Code::not_found, "there is no own feed named " + name, "shoal init " + name + " makes it"};
    }
  }
  bool created = !key;
  if (!key) {
    SHOAL_TRY(key, keys_->generate(name, options.passphrase));
  }
  SHOAL_TRY(const auto feed, table_->own(name, options.passphrase));
  // A key that was there but never signed anything is a new feed, too.
  created = created || (options.create && !feed->has_head());
  return settle_retention(OpenedFeed{FeedId{key->key}, created}, name, options);
}

Result<OpenedFeed> LocalNode::settle_retention(const OpenedFeed& feed, const std::string& name,
                                               const FeedOptions& options) {
  if (!options.retention) return feed;
  SHOAL_CHECK(table_->set_retention({feed.feed, name, true, {}}, *options.retention));
  retention_->wake();
  return feed;
}

Result<void> LocalNode::publish_manifest(const std::string& name, const feed::Manifest& manifest) {
  SHOAL_TRY(const auto feed, table_->own(name));
  return commit_thread_->run([feed, &manifest] { return feed->publish_manifest(manifest); });
}

Result<MirrorQuorum> LocalNode::quorum_of(const Acks& acks) const {
  MirrorQuorum quorum;
  if (acks.level != Acks::Level::mirrors && acks.level != Acks::Level::named) return quorum;
  if (options_.offline) {
    return Error{Code::invalid_argument, "no mirror can acknowledge anything: the node is offline", ""};
  }
  if (acks.level == Acks::Level::mirrors) {
    if (acks.count == 0 || acks.count > ReceivedReceipts::kMaxMirrors) {
      return Error{Code::invalid_argument, "1 to 64 mirrors can be waited for", ""};
    }
    quorum.count = acks.count;
    return quorum;
  }
  if (acks.names.empty()) return Error{Code::invalid_argument, "no mirror is named to wait for", ""};
  for (const std::string& name : acks.names) {
    SHOAL_TRY(const auto key, mirrors_->find(name));
    if (!key) {
      return Error{Code::not_found, "no mirror is trusted as " + name,
                   "shoal key trust " + name + " HEX, with what shoal key show --node prints at the mirror"};
    }
    // Once, however often it was named.
    if (std::find(quorum.named.begin(), quorum.named.end(), *key) == quorum.named.end()) quorum.named.push_back(*key);
  }
  return quorum;
}

Result<std::shared_ptr<ProducerApi>> LocalNode::open_producer(const std::string& name, const ProducerOptions& options) {
  SHOAL_TRY(MirrorQuorum quorum, quorum_of(options.acks));
  SHOAL_TRY(auto feed, table_->own(name));
  SHOAL_CHECK(feed->begin_producing(options, std::move(quorum), *commit_thread_));
  return std::shared_ptr<ProducerApi>(std::make_shared<LocalProducer>(std::move(feed), shared_from_this()));
}

void LocalNode::on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) {
  const std::lock_guard lock(mutex_);
  on_blamed_.push_back(std::move(callback));
}

void LocalNode::tell_blamed(const PeerInfo& peer, std::string_view what) {
  decltype(on_blamed_) callbacks;
  {
    const std::lock_guard lock(mutex_);
    callbacks = on_blamed_;
  }
  for (const auto& callback : callbacks) callback(peer, what);
}

std::string LocalNode::listening() const {
  const std::lock_guard lock(mutex_);
  return swarm_ ? swarm_->listening() : "";
}

void LocalNode::serve_all() {
  const auto served = feeds();
  table_->resume_mirrors();
  retention_->wake();
  if (!served) log_->log(base::LogLevel::error, "node", served.error().message);
}

}  // namespace shoal::node
