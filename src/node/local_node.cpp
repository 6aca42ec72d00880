#include "node/local_node.h"

#include "base/bytes.h"
#include "base/try.h"
#include "node/feed_link.h"
#include "node/log_adapter.h"
#include "node/network_options.h"
#include "store/rocks_kv_store.h"

namespace shoal::node {
namespace {

/// One strand per session and feed share these: decrypting and hashing keep both cores of a small machine busy.
constexpr unsigned kPoolThreads = 2;

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

Result<crypto::KeyPair> load_node_key(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    SHOAL_CHECK(crypto::write_key_file(file, crypto::KeyPair::generate(), std::nullopt));
  }
  return crypto::read_key_file(file, std::nullopt);
}

}  // namespace

Result<std::shared_ptr<NodeApi>> open_node(NodeOptions options) {
  SHOAL_TRY(auto node, LocalNode::open(std::move(options)));
  return std::shared_ptr<NodeApi>(std::move(node));
}

LocalNode::LocalNode(NodeOptions options)
    : options_(std::move(options)), log_(std::make_unique<LogAdapter>(options_.log)) {}

Result<std::shared_ptr<LocalNode>> LocalNode::open(NodeOptions options) {
  crypto::init();
  if (options.data_dir.empty()) return Error{Code::invalid_argument, "no data directory", "pass --data DIR"};
  std::shared_ptr<LocalNode> node(new LocalNode(std::move(options)));
  SHOAL_CHECK(node->start());
  return node;
}

LocalNode::~LocalNode() { close(); }

Result<void> LocalNode::start() {
  SHOAL_TRY(directory_, DataDirectory::open(options_.data_dir));
  keys_ = std::make_unique<KeyStore>(directory_->keys(), options_.passphrase);
  SHOAL_TRY(own_store_, store::open_rocks_store(directory_->own_store(), store::Backing::logged, *log_));
  SHOAL_TRY(mirror_store_, store::open_rocks_store(directory_->mirror_store(), store::Backing::unlogged, *log_));
  SHOAL_TRY(auto journal, store::open_file_journal(directory_->journal().string()));
  journal_ = std::move(journal.journal);
  SHOAL_TRY(node_key_, load_node_key(directory_->node_key()));
  pool_ = std::make_unique<WorkerPool>(kPoolThreads);
  hub_ = std::make_shared<PeerHub>(*node_key_, *pool_, clock_, *log_);
  commit_thread_ = std::make_unique<CommitThread>(clock_);
  if (!options_.offline) SHOAL_CHECK(start_network());
  return {};
}

Result<void> LocalNode::start_network() {
  SHOAL_TRY(const auto settings, swarm_options(options_, directory_->remembered_port()));
  SHOAL_TRY(swarm_, swarm::start_swarm(settings, *log_));
  const auto port = port_of(swarm_->listening());
  if (options_.listen.empty() && port) directory_->remember_port(*port);
  return {};
}

void LocalNode::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    for (auto& [name, feed] : own_feeds_) feed->close();
    for (auto& [id, host] : hosts_) host->close();
  }
  // From the outside in: no new messages, no running strand, no commit; then what they used.
  if (commit_thread_) commit_thread_->stop();
  if (hub_) hub_->close();
  swarm_.reset();
  if (pool_) pool_->stop();
  for (auto& [id, host] : hosts_) {
    if (host->mirror() == nullptr) continue;
    if (const auto flushed = host->mirror()->flush(); !flushed) {
      log_->log(base::LogLevel::error, "node", flushed.error().message);
    }
  }
  if (own_store_) {
    if (const auto flushed = own_store_->make_durable(); !flushed) {
      log_->log(base::LogLevel::error, "node", flushed.error().message);
    }
  }
}

Result<void> LocalNode::check_open() const {
  if (closed_) return closed_error();
  return {};
}

Result<FeedReference> LocalNode::resolve(std::string_view feed) {
  FeedReference reference;
  if (is_feed_link(feed)) {
    SHOAL_TRY(const FeedLink link, parse_feed_link(feed));
    reference.feed = link.feed;
    reference.peer_hints = link.peers;
  } else if (auto id = FeedId::parse(feed)) {
    reference.feed = *id;
  } else {
    const std::string name(feed);
    const std::lock_guard lock(mutex_);
    if (const auto in_memory = volatile_feeds_.find(name); in_memory != volatile_feeds_.end()) {
      return FeedReference{FeedId{in_memory->second.key->public_key()}, name, true, {}};
    }
    SHOAL_TRY(const auto key, keys_->find(name));
    if (!key) {
      return Error{Code::not_found, "'" + name + "' is no feed known here",
                   "give an own feed's name (shoal ls), a feed id of 64 hex digits, or a feed link"};
    }
    return FeedReference{FeedId{key->key}, name, true, {}};
  }
  SHOAL_TRY(const auto key, keys_->find(reference.feed.key));
  if (key) {
    reference.name = key->name;
    reference.own = true;
  }
  return reference;
}

Result<KeyInfo> LocalNode::generate_key(const std::string& name) { return keys_->generate(name); }

Result<std::vector<KeyInfo>> LocalNode::keys() { return keys_->list(); }

Result<void> LocalNode::export_secret_key(const std::string& name, const std::filesystem::path& file) {
  return keys_->export_secret(name, file);
}

Result<KeyInfo> LocalNode::import_key(const std::string& name, const std::filesystem::path& file) {
  return keys_->import(name, file);
}

Result<FeedHost*> LocalNode::host(const FeedReference& feed) {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  if (const auto open = hosts_.find(feed.feed); open != hosts_.end()) return open->second.get();
  if (feed.own) {
    // Opening the writer too replays what a crash left in the journal; without it the end would be missing.
    if (const auto writer = own_feed(feed.name); !writer) {
      if (!hosts_.contains(feed.feed)) return writer.error();
      log_->log(base::LogLevel::error, "feed", writer.error().message);
    }
    return hosts_.at(feed.feed).get();
  }
  return open_host(feed, {own_store_.get(), mirror_store_.get()});
}

Result<FeedHost*> LocalNode::open_host(const FeedReference& feed, feed::FeedStores stores) {
  FeedHost::Parts parts;
  parts.stores = stores;
  parts.strand = pool_->make_strand();
  parts.clock = &clock_;
  parts.log = log_.get();
  parts.upload = options_.upload;
  parts.online = swarm_ != nullptr;
  parts.on_blamed = [this, id = feed.feed](const replication::PeerView& peer, std::string_view what) {
    hub_->ban(peer.node_key);
    std::function<void(const PeerInfo&, std::string_view)> callback;
    {
      const std::lock_guard lock(blame_mutex_);
      callback = on_blamed_;
    }
    if (!callback) return;
    PeerInfo info;
    info.feed = id;
    info.address = peer.address.host_port;
    info.transport = peer.address.transport;
    info.node_key = peer.node_key.hex();
    callback(info, what);
  };
  SHOAL_TRY(auto host, FeedHost::open(feed.feed, feed.own, std::move(parts)));
  FeedHost* opened = host.get();
  hosts_[feed.feed] = std::move(host);
  if (swarm_) {
    hub_->serve(*opened);
    const auto key = discovery_key(feed.feed);
    swarm_->join(key, hub_->acceptor(feed.feed));
    for (const std::string& peer : options_.peers) swarm_->dial(key, peer);
    for (const std::string& peer : feed.peer_hints) swarm_->dial(key, peer);
  }
  return opened;
}

Result<std::shared_ptr<OwnFeed>> LocalNode::own_feed(const std::string& name) {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  if (const auto open = own_feeds_.find(name); open != own_feeds_.end()) return open->second;
  SHOAL_TRY(auto key, keys_->open(name));
  const FeedId id{key.public_key()};
  if (!hosts_.contains(id)) {
    SHOAL_CHECK(open_host({id, name, true, {}}, {own_store_.get(), own_store_.get()}));
  }
  FeedHost& host = *hosts_.at(id);
  SHOAL_TRY(auto writer,
            feed::FeedWriter::open(host.log(), *own_store_, *journal_, std::move(key), clock_, *log_));
  auto feed = std::make_shared<OwnFeed>(host, std::move(writer), clock_, *log_);
  own_feeds_[name] = feed;
  commit_thread_->add(feed);
  return feed;
}

Result<OpenedFeed> LocalNode::open_feed(const std::string& name, const FeedOptions& options) {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  if (volatile_feeds_.contains(name)) return OpenedFeed{FeedId{volatile_feeds_.at(name).key->public_key()}, false};
  if (options.in_memory) return open_volatile(name);
  SHOAL_TRY(auto key, keys_->find(name));
  bool created = false;
  if (!key) {
    if (!options.create) {
      return Error{Code::not_found, "there is no own feed named " + name, "shoal init " + name + " makes it"};
    }
    SHOAL_TRY(key, keys_->generate(name));
    created = true;
  }
  SHOAL_TRY(const auto feed, own_feed(name));
  created = created || (options.create && !feed->host().reader().head());
  return OpenedFeed{FeedId{key->key}, created};
}

Result<OpenedFeed> LocalNode::open_volatile(const std::string& name) {
  if (!KeyStore::is_legal_name(name)) return Error{Code::invalid_argument, "'" + name + "' is no legal name", ""};
  VolatileFeed made;
  SHOAL_TRY(made.store, store::open_rocks_store("/" + name, store::Backing::memory, *log_));
  made.journal = store::make_memory_journal();
  const auto key = crypto::KeyPair::generate();
  SHOAL_TRY(made.key, crypto::KeyPair::from_seed(key.seed().view()));
  const FeedId id{key.public_key()};
  SHOAL_TRY(FeedHost * host, open_host({id, name, true, {}}, {made.store.get(), made.store.get()}));
  SHOAL_TRY(auto signing, crypto::KeyPair::from_seed(key.seed().view()));
  SHOAL_TRY(auto writer,
            feed::FeedWriter::open(host->log(), *made.store, *made.journal, std::move(signing), clock_, *log_));
  auto feed = std::make_shared<OwnFeed>(*host, std::move(writer), clock_, *log_);
  volatile_feeds_[name] = std::move(made);
  own_feeds_[name] = feed;
  commit_thread_->add(feed);
  return OpenedFeed{id, true};
}

Result<void> LocalNode::publish_manifest(const std::string& name, const feed::Manifest& manifest) {
  SHOAL_TRY(const auto feed, own_feed(name));
  return commit_thread_->run([feed, &manifest] { return feed->publish_manifest(manifest); });
}

Result<std::vector<FeedSummary>> LocalNode::feeds() {
  std::vector<FeedReference> references;
  SHOAL_TRY(const auto keys, keys_->list());
  for (const KeyInfo& key : keys) references.push_back({FeedId{key.key}, key.name, true, {}});
  SHOAL_TRY(const auto stored, feed::FeedLog::list(*own_store_));
  for (const FeedId& id : stored) {
    const bool own = std::any_of(keys.begin(), keys.end(), [&](const KeyInfo& key) { return key.key == id.key; });
    if (!own) references.push_back({id, "", false, {}});
  }
  std::vector<FeedSummary> summaries;
  for (const FeedReference& reference : references) {
    SHOAL_TRY(const FeedHost* open, host(reference));
    FeedSummary summary;
    summary.feed = reference.feed;
    summary.name = reference.name;
    summary.own = reference.own;
    summary.mirrored = !reference.own;
    const auto head = open->reader().head();
    summary.tree_size = head ? head->tree_size : 0;
    summary.held_blocks = open->reader().held_payload_count();
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

void LocalNode::on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) {
  const std::lock_guard lock(blame_mutex_);
  on_blamed_ = std::move(callback);
}

std::string LocalNode::listening() const {
  const std::lock_guard lock(mutex_);
  return swarm_ ? swarm_->listening() : "";
}

void LocalNode::serve_all() {
  const auto served = feeds();
  if (!served) log_->log(base::LogLevel::error, "node", served.error().message);
}

}  // namespace shoal::node
