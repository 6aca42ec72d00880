#include "simulation/sim_node.h"

#include "base/assert.h"

#include <algorithm>

namespace shoal::simulation {
namespace {

constexpr base::MonoTime kLookAround = std::chrono::seconds(1);
constexpr base::MonoTime kNobodyThere = std::chrono::seconds(3);

/// Years that a clock is off, in either direction.
std::int64_t skew(base::Random& random, std::uint64_t years) {
  constexpr std::uint64_t kYear = 365ULL * 86'400'000;
  return static_cast<std::int64_t>(random.below(2 * years * kYear + 1)) - static_cast<std::int64_t>(years * kYear);
}

crypto::KeyPair make_key(base::Random& random) {
  crypto::init();
  Bytes seed(32);
  random.fill(seed);
  return crypto::KeyPair::from_seed(seed).value();
}

}  // namespace

/// Stands between replicator and session: counts what goes out, and makes a hostile node what it is.
class SimNode::Tap final : public replication::Outbox, public std::enable_shared_from_this<Tap> {
 public:
  Tap(SimNode& node, NodeIndex to, std::shared_ptr<Outbox> inner) : node_(node), to_(to), inner_(std::move(inner)) {}

  void send(replication::Message message) override {
    if (!act_hostile(node_.behaviour_, message)) return;
    const base::MonoTime held = hold_back(node_.behaviour_, message);
    if (held.count() == 0) return pass(std::move(message));
    node_.executor_.post_after(
        held, [self = shared_from_this(), message = std::move(message)]() mutable { self->pass(std::move(message)); });
  }
  [[nodiscard]] std::size_t queued() const override { return inner_->queued(); }
  void close(std::string_view reason) override { inner_->close(reason); }

 private:
  void pass(replication::Message message) {
    const SimNode& other = *node_.world_.nodes[to_];
    if (const auto* have = std::get_if<replication::Have>(&message.body); have != nullptr && node_.honest()) {
      for (Check* check : node_.world_.checks) check->on_said(node_.index_, *have, *node_.reader_);
    }
    node_.world_.meter.sent(node_.index_, to_, message, other.up() && other.honest(), node_.world_.time.mono_now());
    inner_->send(std::move(message));
    if (!node_.honest()) return;
    const std::size_t all = node_.waiting();
    for (Check* check : node_.world_.checks) check->on_waiting(node_.index_, to_, inner_->queued(), all);
  }
  SimNode& node_;
  NodeIndex to_;
  std::shared_ptr<Outbox> inner_;
  base::MonoTime drips_until_{0};  ///< of a stalling node: when it is through with what it began
};

SimNode::SimNode(SimWorld& world, NodeIndex index, std::uint64_t seed, Behaviour behaviour, bool bad_disk)
    : world_(world),
      index_(index),
      behaviour_(behaviour),
      random_(seed),
      key_(make_key(random_)),
      executor_(world.time),
      clock_(world.time, skew(random_, world.profile.clock_years)),
      heads_(std::make_unique<MapStore>(world.values)),
      sampling_({world.profile.degree, world.profile.max_links}) {
  if (bad_disk) {
    auto store = std::make_unique<FaultyStore>(world.values);
    faulty_ = store.get();
    blocks_ = std::move(store);
  } else {
    blocks_ = std::make_unique<MapStore>(world.values);
  }
}

void SimNode::own(const feed::FeedLog& log) {
  reader_.emplace(log);
  make_replicator(nullptr);
}

void SimNode::follow(const FeedId& feed) {
  SHOAL_ASSERT(!up());
  log_ = feed::FeedLog::open({heads_.get(), blocks_.get()}, feed).value();
  mirror_ = feed::FeedMirror::open(*log_, log_sink_).value();
  reader_.emplace(*log_);
  make_replicator(mirror_.get());
  replicator_->follow({});
  find_peers();
}

void SimNode::make_replicator(feed::FeedMirror* mirror) {
  executor_.open();
  started_ = world_.time.mono_now();
  live_since_.reset();
  first_live_.reset();
  replication::ReplicatorContext parts;
  parts.reader = &*reader_;
  parts.mirror = mirror;
  parts.executor = &executor_;
  parts.clock = &clock_;
  parts.random = &random_;
  parts.log = &log_sink_;
  parts.events = this;
  parts.node_key = key_.public_key();
  replicator_ = std::make_unique<replication::Replicator>(parts, replication::ReplicatorOptions{});
}

void SimNode::die() {
  executor_.shut();
  for (const auto& transport : transports_) transport->die();
  transports_.clear();
  replicator_.reset();
  reader_.reset();
  mirror_.reset();
  log_.reset();
  if (faulty_ != nullptr) faulty_->restart();
  dialling_ = 0;
}

void SimNode::break_disk() {
  SHOAL_ASSERT(faulty_ != nullptr);
  faulty_->fail();
}

void SimNode::set_disk_full(bool full) {
  SHOAL_ASSERT(faulty_ != nullptr);
  full ? faulty_->fill() : faulty_->make_room();
}

std::size_t SimNode::waiting() const {
  std::size_t sum = 0;
  for (const auto& transport : transports_) sum += transport->open() ? transport->queued() : 0;
  return sum;
}

void SimNode::find_peers() {
  world_.locator.announce(index_);
  drop_closed();
  const auto peers = replicator_->peers();
  const auto suspects = static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const replication::PeerView& one) { return one.suspect; }));
  std::size_t more = sampling_.missing(transports_.size(), suspects, dialling_);
  if (more > 0 && !transports_.empty()) {
    // What PEX brings: peers of a peer.
    const SimNode& neighbour = *world_.nodes[transports_[random_.below(transports_.size())]->to()];
    for (const auto& one : neighbour.transports_) sampling_.learned(static_cast<std::uint32_t>(one->to()), random_);
  }
  for (std::size_t i = 0; i < more; ++i) {
    sampling_.learned(static_cast<std::uint32_t>(world_.locator.sample()), random_);
  }
  for (; more > 0; --more) {
    if (const auto other = sampling_.take(random_)) dial(*other);
  }
  executor_.post_after(kLookAround + base::MonoTime(static_cast<std::int64_t>(random_.below(200'000'000))),
                       [this] { find_peers(); });
}

void SimNode::dial(NodeIndex other) {
  if (other == index_ || knows(other) || banned_.count(other) > 0) return;
  ++dialling_;
  const bool there =
      other < SimLocator::kNobody && world_.nodes[other]->up() && world_.network.reachable(index_, other);
  executor_.post_after(there ? 2 * world_.network.latency(index_, other) : kNobodyThere, [this, other, there] {
    --dialling_;
    if (!there || knows(other) || !world_.nodes[other]->up()) return;
    if (world_.nodes[other]->sampling_.accepts(world_.nodes[other]->links())) connect(*world_.nodes[other]);
  });
}

bool SimNode::knows(NodeIndex other) const {
  return std::any_of(transports_.begin(), transports_.end(),
                     [&](const auto& one) { return one->open() && one->to() == other; });
}

std::size_t SimNode::links() const {
  return static_cast<std::size_t>(
      std::count_if(transports_.begin(), transports_.end(), [](const auto& one) { return one->open(); }));
}

void SimNode::drop_closed() {
  std::erase_if(transports_, [](const auto& one) { return !one->open(); });
}

void SimNode::connect(SimNode& other) {
  const auto [dialler, listener] = world_.network.connect(index_, other.index_);
  open(dialler);
  other.open(listener);
}

void SimNode::open(const std::shared_ptr<SimTransport>& transport) {
  replication::SessionPeer::Context parts;
  const replication::SessionPeer::Feed feed{reader_->id(), replicator_.get(), &executor_};
  parts.node_key = &key_;
  parts.executor = &executor_;
  parts.clock = &clock_;
  parts.log = &log_sink_;
  parts.find_feed = [feed](const crypto::Digest& key) {
    return replication::discovery_key(feed.id) == key ? std::optional(feed) : std::nullopt;
  };
  parts.refuses = [this](const PublicKey& node) {
    return std::any_of(banned_.begin(), banned_.end(),
                       [&](NodeIndex one) { return world_.nodes[one]->key_.public_key() == node; });
  };
  parts.wrap_outbox = [this, to = transport->to()](std::shared_ptr<replication::Outbox> inner) {
    return std::make_shared<Tap>(*this, to, std::move(inner));
  };
  transport->attach(replication::SessionPeer::start(parts, transport, feed));
  transports_.push_back(transport);
}

void SimNode::on_head(const feed::Checkpoint& head) {
  if (!honest()) return;
  for (Check* check : world_.checks) check->on_head(index_, head);
}

void SimNode::on_blocks() {
  const base::MonoTime now = world_.time.mono_now();
  for (; delivered_ < reader_->block_prefix(); ++delivered_) {
    const BlockIndex block{delivered_};
    const Result<Bytes> header = reader_->header_bytes(block);
    const Result<Bytes> payload = reader_->payload(block);
    if (!header || !payload || !honest()) continue;
    const base::MonoTime published = world_.meter.published_at(delivered_);
    if (!first_live_ && published >= started_) first_live_ = now - started_;
    for (Check* check : world_.checks) check->on_delivered(index_, block, *header, *payload);
    world_.meter.delivered(index_, delivered_, payload->size(), live_since_ && *live_since_ <= published, now);
  }
}

void SimNode::on_synced(const feed::Checkpoint& head) {
  if (!live_since_) live_since_ = world_.time.mono_now();
  (void)mirror_->flush();
  if (!honest()) return;
  for (Check* check : world_.checks) check->on_synced(index_, head, *reader_);
}

void SimNode::on_peer_blamed(const replication::PeerView& peer, std::string_view what) {
  for (const auto& node : world_.nodes) {
    if (node->key_.public_key() != peer.node_key) continue;
    banned_.insert(node->index());
    if (!node->honest() || !honest()) continue;
    for (Check* check : world_.checks) check->on_honest_blamed(index_, node->index(), std::string(what));
  }
}

FollowerState SimNode::state() const {
  FollowerState out{index_, up(), false, saw_fork_, up() ? &*reader_ : nullptr};
  if (!up()) return out;
  for (const replication::PeerView& peer : replicator_->peers()) {
    for (const auto& transport : transports_) {
      const SimNode& other = *world_.nodes[transport->to()];
      if (other.honest() && other.up() && other.key_.public_key() == peer.node_key) out.connected = true;
    }
  }
  return out;
}

}  // namespace shoal::simulation
