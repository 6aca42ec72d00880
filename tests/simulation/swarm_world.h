#pragma once

#include "feed/feed_world.h"
#include "replication/session/session_peer.h"
#include "simulation/memory_network.h"

/// Publishers, mirrors and readers of one feed that talk through real sessions over the in-memory network.
namespace shoal::simulation {

/// What a replicator reported.
struct EventLog final : replication::ReplicatorEvents {
  struct Blame {
    PublicKey node;
    std::string what;
  };
  std::vector<feed::Checkpoint> heads;
  std::vector<feed::Checkpoint> synced;
  std::vector<feed::Checkpoint> elsewhere;
  std::vector<Blame> blames;
  std::vector<Blame> floods;
  std::size_t block_events = 0;
  std::size_t forks = 0;
  std::size_t contradictions = 0;
  std::vector<feed::Receipt> receipts;
  std::vector<replication::ReceiptDemand> demands;
  std::optional<feed::ForkProof> proof;
  std::function<void()> on_blocks_hook;
  std::function<void()> on_receipt_hook;
  std::function<void(const feed::Checkpoint&)> on_synced_hook;
  std::function<void(replication::ReceiptDemand)> on_demand_hook;

  void on_head(const feed::Checkpoint& head) override { heads.push_back(head); }
  void on_blocks() override {
    ++block_events;
    if (on_blocks_hook) on_blocks_hook();
  }
  void on_synced(const feed::Checkpoint& head) override {
    synced.push_back(head);
    if (on_synced_hook) on_synced_hook(head);
  }
  void on_peer_blamed(const replication::PeerView& peer, std::string_view what) override {
    blames.push_back({peer.node_key, std::string(what)});
  }
  void on_peer_flooded(const replication::PeerView& peer, std::string_view what) override {
    floods.push_back({peer.node_key, std::string(what)});
  }
  void on_peers_changed() override {}
  void on_fork(const feed::ForkProof& fork) override {
    ++forks;
    proof = fork;
  }
  void on_contradiction() override { ++contradictions; }
  void on_signed_elsewhere(const feed::Checkpoint& head) override { elsewhere.push_back(head); }
  void on_receipt(const feed::Receipt& receipt) override {
    receipts.push_back(receipt);
    if (on_receipt_hook) on_receipt_hook();
  }
  void on_receipts_asked(replication::ReceiptDemand demand) override {
    demands.push_back(demand);
    if (on_demand_hook) on_demand_hook(demand);
  }
};

/// Keeps warnings and errors for tests that ask what was said.
struct LogLines final : base::LogSink {
  std::vector<std::string> lines;
  void log(base::LogLevel level, std::string_view, std::string_view message) override {
    if (level >= base::LogLevel::info) lines.emplace_back(message);
  }
};

/// One node with one feed: the producer, or a follower.
class SwarmNode {
 public:
  SwarmNode(VirtualTime& time, std::string name, std::uint8_t key_seed)
      : time_(time),
        executor_(time),
        random_(key_seed),
        name_(std::move(name)),
        key_(feed::testing::test_key(key_seed)) {}
  ~SwarmNode() { disconnect_all(); }

  void own(feed::testing::Producer& producer, replication::ReplicatorOptions options = {}) {
    reader_.emplace(*producer.log);
    make_replicator(nullptr, options);
  }
  void mirror(const FeedId& id, replication::ReplicatorOptions options = {}) {
    follower_ = std::make_unique<feed::testing::Follower>(id);
    ASSERT_TRUE(follower_->open().ok());
    reader_.emplace(*follower_->log);
    make_replicator(follower_->mirror.get(), options);
  }

  void follow_all() { replicator_->follow({}); }
  void follow_topics(std::vector<TopicPartition> topics) {
    replication::Follow follow;
    follow.everything = false;
    follow.topics = std::move(topics);
    replicator_->follow(std::move(follow));
  }

  /// Dials `other`; both sides open the feed.
  Connection connect(SwarmNode& other, LinkOptions link = {}) {
    Connection connection = make_connection(time_, link, name_, other.name_);
    open(connection.dialler);
    other.open(connection.listener);
    return connection;
  }
  void open(const std::shared_ptr<MemoryTransport>& transport) {
    transport->attach(replication::SessionPeer::start(session_parts(), transport, session_feed()));
    transports_.push_back(transport);
  }
  [[nodiscard]] replication::SessionPeer::Context session_parts() {
    replication::SessionPeer::Context parts;
    parts.node_key = &key_;
    parts.executor = &executor_;
    parts.clock = &time_;
    parts.log = &log_;
    parts.find_feed = [this](const crypto::Digest& key) {
      const auto feed = session_feed();
      return replication::discovery_key(feed.id) == key ? std::optional(feed) : std::nullopt;
    };
    parts.refuses = [this](const PublicKey& node) {
      return std::any_of(events.blames.begin(), events.blames.end(), [&](const auto& b) { return b.node == node; });
    };
    parts.on_other_version = [this](const auto&, const std::string& what) { other_versions.push_back(what); };
    parts.wrap_outbox = wrap_outbox;
    parts.version = version;
    return parts;
  }
  [[nodiscard]] replication::SessionPeer::Feed session_feed() { return {reader_->id(), replicator_.get(), &executor_}; }
  void disconnect_all() {
    for (const auto& transport : transports_) transport->close("the node stops");
    transports_.clear();
    time_.run_for(base::MonoTime{0});
  }

  [[nodiscard]] const feed::FeedReader& reader() const { return *reader_; }
  [[nodiscard]] feed::testing::Follower& follower() { return *follower_; }
  replication::Replicator& replicator() { return *replicator_; }
  [[nodiscard]] const PublicKey& node_key() const { return key_.public_key(); }
  [[nodiscard]] const crypto::KeyPair& node_key_pair() const { return key_; }
  [[nodiscard]] std::uint64_t held() const { return reader_->block_prefix(); }
  [[nodiscard]] std::uint64_t bytes_received() const {
    std::uint64_t sum = 0;
    for (const auto& peer : replicator_->peers()) sum += peer.bytes_in;
    return sum;
  }
  [[nodiscard]] const LogLines& log() const { return log_; }

  EventLog events;
  std::vector<std::string> other_versions;  ///< what was said of peers of other major versions
  std::function<std::shared_ptr<replication::Outbox>(std::shared_ptr<replication::Outbox>)> wrap_outbox;
  replication::Version version;
  bool drops_duplicates = false;  ///< of connections with one node; set before own() or mirror()

 private:
  void make_replicator(feed::FeedMirror* mirror, replication::ReplicatorOptions options) {
    replication::ReplicatorContext parts;
    parts.reader = &*reader_;
    if (drops_duplicates) parts.node_key = node_key();
    parts.mirror = mirror;
    parts.executor = &executor_;
    parts.clock = &time_;
    parts.random = &random_;
    parts.log = &log_;
    parts.events = &events;
    replicator_ = std::make_unique<replication::Replicator>(parts, options);
  }

  VirtualTime& time_;
  VirtualExecutor executor_;
  base::SeededRandom random_;
  std::string name_;
  crypto::KeyPair key_;
  LogLines log_;
  std::unique_ptr<feed::testing::Follower> follower_;
  std::optional<feed::FeedReader> reader_;
  std::unique_ptr<replication::Replicator> replicator_;
  std::vector<std::shared_ptr<MemoryTransport>> transports_;
};

/// A producer with its node, and the clock they share.
struct SwarmWorld {
  SwarmWorld() : SwarmWorld(false) {}
  explicit SwarmWorld(bool drop_duplicates) : publisher(time, "publisher", 101) {
    EXPECT_TRUE(producer.open().ok());
    publisher.drops_duplicates = drop_duplicates;
    publisher.own(producer);
  }

  /// Commits one group and lets the node push it.
  void publish(std::vector<feed::PendingBatch> group) {
    Result<feed::CommitResult> done = producer.writer->commit(std::move(group));
    ASSERT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
    publisher.replicator().on_committed();
  }
  /// `count` blocks, one each commit, over `topics` topics in turn, values of `value_size` bytes.
  void publish_many(std::size_t count, std::size_t topics = 3, std::size_t value_size = 200, std::size_t group = 16) {
    std::vector<feed::PendingBatch> batches;
    for (std::size_t i = 0; i < count; ++i) {
      const auto stamp = static_cast<std::int64_t>(++records_);
      batches.push_back(
          feed::testing::batch_of(feed::testing::stream("t" + std::to_string(i % topics)), {stamp}, value_size));
      if (batches.size() == group || i + 1 == count) publish(std::exchange(batches, {}));
    }
  }
  [[nodiscard]] std::uint64_t size() const { return publisher.reader().head()->tree_size; }
  bool wait(const std::function<bool()>& done, base::MonoTime limit = std::chrono::seconds(60)) {
    return time.run_until(done, limit);
  }
  /// The node holds every block with the publisher's bytes.
  void expect_equal(const SwarmNode& node) const {
    ASSERT_TRUE(node.reader().head().has_value());
    EXPECT_EQ(node.reader().head()->root, publisher.reader().head()->root);
    for (std::uint64_t i = 0; i < size(); ++i) {
      const Result<Bytes> here = node.reader().payload(BlockIndex{i});
      ASSERT_TRUE(here.ok()) << "block " << i << ": " << here.error().message;
      ASSERT_EQ(*here, *publisher.reader().payload(BlockIndex{i})) << "block " << i;
    }
  }

  VirtualTime time;
  feed::testing::Producer producer;
  SwarmNode publisher;

 private:
  std::size_t records_ = 0;
};

/// A node that wants all of the world's feed.
struct WholeMirror : SwarmNode {
  WholeMirror(SwarmWorld& world, std::string name, std::uint8_t key_seed)
      : SwarmNode(world.time, std::move(name), key_seed) {
    mirror(world.producer.id());
    follow_all();
  }
};

}  // namespace shoal::simulation
