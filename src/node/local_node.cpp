#include "node/local_node.h"

#include "base/try.h"
#include "node/api/deadline.h"
#include "node/api/host_port.h"
#include "node/doctor/doctor.h"
#include "node/network/network_options.h"
#include "node/open_node.h"
#include "node/runtime/log_adapter.h"

#include <unistd.h>

#include <chrono>
#include <future>

namespace shoal::node {
namespace {

/// All strands, one for each session and feed, share these: decrypting and hashing use both cores of a small machine.
constexpr unsigned kPoolThreads = 2;
/// close() waits this long for calls that still run after all were asked to end.
constexpr std::chrono::seconds kCloseTimeout{5};

/// The same storage. `released` is set after the last holder dropped it and its files were closed.
std::shared_ptr<Storage> announce_release(std::shared_ptr<Storage> storage, std::promise<void> released) {
  Storage* const raw = storage.get();
  auto announced = std::make_shared<std::promise<void>>(std::move(released));
  return {raw, [storage = std::move(storage), announced = std::move(announced)](Storage*) mutable {
            storage.reset();
            announced->set_value();
          }};
}

Storage::WhenFull when_full(const NodeOptions& options) {
  if (options.use_reserve) return Storage::WhenFull::use_reserve;
  return options.offline || options.read_when_full ? Storage::WhenFull::read_only : Storage::WhenFull::refuse;
}

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
  SHOAL_TRY(auto opened, Storage::open(options_.data_dir, *log_, options_.on_disk_failure, when_full(options_)));
  std::promise<void> released;
  storage_released_ = released.get_future();
  auto storage = announce_release(std::move(opened), std::move(released));
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
  FeedTable::Context context;
  context.forks = storage->directory->forks();
  context.storage = std::move(storage);
  context.keys = keys_.get();
  context.mirrors = mirrors_.get();
  context.pool = pool_.get();
  context.hub = hub_.get();
  context.swarm = swarm_.get();
  context.discovery = discovery_;
  context.commit_thread = commit_thread_.get();
  context.clock = &clock_;
  context.log = log_.get();
  context.upload = options_.upload;
  context.heartbeat = options_.heartbeat;
  context.peers = options_.peers;
  context.on_blamed = [this](const PeerInfo& peer, std::string_view what) { tell_blamed(peer, what); };
  table_ = std::make_unique<FeedTable>(std::move(context));
  retention_ = std::make_unique<RetentionThread>(*table_, *commit_thread_, clock_, *log_);
  reading_ = std::make_unique<LocalReading>(*table_, *mirrors_, discovery_, clock_, *log_);
  keeping_ = std::make_unique<LocalKeeping>(*table_, *retention_, clock_);
  LocalOwning::Context owning;
  owning.table = table_.get();
  owning.keys = keys_.get();
  owning.mirrors = mirrors_.get();
  owning.commit_thread = commit_thread_.get();
  owning.retention = retention_.get();
  owning.offline = options_.offline;
  owning.node = weak_from_this();
  owning_ = std::make_unique<LocalOwning>(std::move(owning));
  return table_->finish_removals();
}

Result<void> LocalNode::start_network(const DataDirectory& directory) {
  SHOAL_TRY(const auto settings, swarm_options(options_, directory.remembered_port()));
  SHOAL_TRY(swarm_, swarm::start_swarm(settings, *log_));
  const auto port = port_of(swarm_->listening());
  if (options_.listen.empty() && port) directory.remember_port(*port);
  Discovery::Context parts;
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
  // First commit what producers sent. Then end from the outside in: waiters, messages, strands; the files come last.
  if (retention_) {
    retention_->apply_own_retention();
    retention_->stop();
  }
  {
    const std::lock_guard lock(mutex_);
    if (scrub_) scrub_->stop();
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
  storage_released_.wait_for(kCloseTimeout);
}

Result<NodeFacts> LocalNode::facts() {
  SHOAL_TRY(const auto files, table_->storage());
  NodeFacts facts;
  facts.version = SHOAL_VERSION;
  facts.pid = getpid();
  facts.data_dir = files->directory->path();
  facts.listening = listening();
  facts.node_key = files->node_key->public_key().hex();
  return facts;
}

Result<DoctorReport> LocalNode::doctor(const std::optional<FeedReference>& feed, const Wait& wait) {
  DoctorContext context;
  SHOAL_TRY(context.storage, table_->storage());
  if (feed) {
    SHOAL_TRY(context.feed, table_->host(*feed));
  } else {
    SHOAL_CHECK(reading_->feeds());
  }
  context.feeds = table_->open_hosts();
  context.clock = &clock_;
  std::stop_source ended;
  const std::stop_callback on_stop(wait.stop, [&] { ended.request_stop(); });
  const std::stop_callback on_close(closing_.get_token(), [&] { ended.request_stop(); });
  const std::shared_lock in_use(swarm_in_use_);
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Code::closed, "the node is closed", ""};
    context.swarm = swarm_.get();
    context.discovery = discovery_;
  }
  return run_doctor(context, {wait.timeout, ended.get_token()});
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
  const auto served = reading_->feeds();
  table_->resume_mirrors();
  retention_->wake();
  {
    const std::lock_guard lock(mutex_);
    if (!scrub_ && !closed_) scrub_ = std::make_unique<ScrubThread>(*table_);
  }
  if (!served) log_->log(base::LogLevel::error, "node", served.error().message);
}

}  // namespace shoal::node
