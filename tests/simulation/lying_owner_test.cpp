// An owner signs what contradicts itself, and honest nodes pass it on: some hold parts in which nothing shows, one is
// the owner's own and checks nothing. Nobody may refuse anybody for it, and all who follow the feed must stop with a
// note of it. scripts/lying_owners.sh plays many such worlds.
#include "feed/free_owner.h"
#include "feed/log/log_stage.h"
#include "simulation/direct_link.h"
#include "simulation/map_store.h"
#include "simulation/swarm_world.h"

#include <cstdlib>

namespace shoal::simulation {
namespace {

using namespace std::chrono_literals;
using feed::testing::FreeOwner;
using feed::testing::Lie;
using feed::testing::test_key;

std::uint64_t worlds_wanted() {
  const char* wanted = std::getenv("SHOAL_LYING_OWNERS");
  return wanted == nullptr ? 32 : std::strtoull(wanted, nullptr, 10);
}

/// A node that checks what it takes.
class Node {
 public:
  Node(VirtualTime& time, const std::shared_ptr<SharedValues>& values, std::uint8_t seed, const FeedId& feed)
      : executor_(time), random_(seed), key_(test_key(seed)), store_(values), time_(time) {
    log_ = feed::FeedLog::open({&store_, &store_}, feed).value();
    mirror_ = feed::FeedMirror::open(*log_, lines_).value();
    reader_.emplace(*log_);
  }
  /// Takes blocks as they would come, one by one, until it sees that they contradict each other.
  void hold(const FreeOwner& owner, const feed::Checkpoint& head, const std::vector<std::uint64_t>& blocks) {
    ASSERT_TRUE(mirror_->accept(head, 0, {}, {}).ok());
    ASSERT_NO_FATAL_FAILURE(know_tree(owner));
    for (const std::uint64_t block : blocks) {
      const auto taken = owner.deliver(head, 0, {block}).to(*mirror_);
      ASSERT_TRUE(taken || taken.error().code == Code::contradiction) << taken.error().message;
    }
  }
  /// Takes all headers, and a payload that contradicts its own without looking at it.
  void hold_unread(const FreeOwner& owner, const feed::Checkpoint& head, std::uint64_t block) {
    feed::testing::Delivery run = owner.deliver(head, 0, feed::testing::span(0, head.tree_size));
    run.with_payloads = false;
    ASSERT_TRUE(run.to(*mirror_).ok());
    feed::LogStage stage = log_->stage();
    const auto& raw = owner.block(block);
    ASSERT_TRUE(
        stage.add({BlockIndex{block}, feed::decode_header(raw.header).value(), raw.header, ByteView(raw.payload)})
            .ok());
    ASSERT_TRUE(log_->commit(std::move(stage), std::nullopt, store::Sync::no).ok());
  }
  /// So that it can prove each block that it holds from any size.
  void know_tree(const FreeOwner& owner) {
    feed::LogStage stage = log_->stage();
    for (std::uint8_t level = 0; (owner.size() >> level) > 0; ++level) {
      for (std::uint64_t index = 0; index < owner.size() >> level; ++index) {
        stage.add_node({level, index}, owner.tree().read({{level, index}}).value().front());
      }
    }
    ASSERT_TRUE(log_->commit(std::move(stage), std::nullopt, store::Sync::no).ok());
  }
  void start() {
    replication::ReplicatorContext parts;
    parts.reader = &*reader_;
    parts.mirror = mirror_.get();
    parts.executor = &executor_;
    parts.clock = &time_;
    parts.random = &random_;
    parts.log = &lines_;
    parts.events = &events;
    replicator_ = std::make_unique<replication::Replicator>(parts, replication::ReplicatorOptions{});
  }
  void follow(const std::vector<TopicPartition>& topics) {
    replication::Follow follow;
    follow.everything = topics.empty();
    follow.topics = topics;
    replicator_->follow(std::move(follow));
  }
  [[nodiscard]] DirectLink::Side side() { return {replicator_.get(), key_.public_key(), {}, {}}; }
  [[nodiscard]] const feed::FeedReader& reader() const { return *reader_; }
  /// Lines of the log that name a contradiction.
  [[nodiscard]] std::size_t told() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_.lines, [](const std::string& line) { return line.find("contradicts himself") != std::string::npos; }));
  }

  EventLog events;

 private:
  VirtualExecutor executor_;
  base::SeededRandom random_;
  crypto::KeyPair key_;
  MapStore store_;
  VirtualTime& time_;
  LogLines lines_;
  std::unique_ptr<feed::FeedLog> log_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::optional<feed::FeedReader> reader_;
  std::unique_ptr<replication::Replicator> replicator_;
};

/// One world, drawn from its seed: an owner, mirrors of parts, readers without blocks, one reader of a topic.
struct World {
  explicit World(std::uint64_t world_seed) : random(world_seed) {
    std::vector<Lie> all = feed::testing::lies();
    // No log holds the first two, and no server sends the third.
    std::erase_if(all, [](const Lie& one) {
      return one.name == "no header" || one.name == "a manifest that is none" || one.name == "another size";
    });
    all.push_back({"a topic state that the blocks do not give", false, {}});
    all.push_back({"honest", false, {}});
    lie = all[world_seed % all.size()];
    owner.grow(6 + below(40));
    at = owner.size();
    if (lie.sign) lie.sign(owner);
    owner.grow(below(10));
    head = owner.head();
    if (lie.name.starts_with("a topic state")) head.topic_root.bytes[below(32)] ^= 1;
    head = owner.sign(head);
    for (std::uint8_t i = 0; i < kNodes; ++i) {
      nodes.push_back(std::make_unique<Node>(time, values, static_cast<std::uint8_t>(100 + i), owner.id()));
    }
  }
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random.next() % bound; }

  /// Each honest block is at one mirror at least. The block that lies is at the first mirror, which has nothing else of
  /// that topic and sees nothing; a block whose payload lies is at the careless node.
  void hand_out() {
    std::vector<std::vector<std::uint64_t>> parts(kMirrors);
    for (std::uint64_t block = 0; block < owner.size(); ++block) {
      if (block == at && lie.sign) {
        if (!lie.in_payload) parts[0].push_back(block);
        continue;
      }
      const bool of_topic = block % 3 == 0;  // t0
      const std::uint64_t sure = of_topic ? 1 + below(kMirrors - 1) : below(kMirrors);
      for (std::uint64_t i = 0; i < kMirrors; ++i) {
        const bool may = i != 0 || !of_topic;
        if (i == sure || (may && below(4) == 0)) parts[i].push_back(block);
      }
    }
    for (std::uint64_t i = 0; i < kMirrors; ++i) {
      for (std::size_t left = parts[i].size(); left > 1; --left) std::swap(parts[i][left - 1], parts[i][below(left)]);
      // What a mirror refuses, somebody else must have: those that go on from the lie are the ones that it may refuse.
      std::stable_partition(parts[i].begin(), parts[i].end(), [this](std::uint64_t block) { return block <= at; });
      ASSERT_NO_FATAL_FAILURE(nodes[i]->hold(owner, head, parts[i]));
    }
    if (lie.in_payload) {
      ASSERT_NO_FATAL_FAILURE(nodes[kCareless]->hold_unread(owner, head, at));
    }
  }
  void play() {
    ASSERT_NO_FATAL_FAILURE(hand_out());
    for (const auto& node : nodes) node->start();
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (i != kCareless) nodes[i]->follow(i == kSparse ? std::vector{feed::testing::stream("t0")} : Topics{});
    }
    for (std::size_t a = 0; a < kNodes; ++a) {
      for (std::size_t b = a + 1; b < kNodes; ++b) {
        links.push_back(
            DirectLink::join(time, base::MonoTime(1ms) * (1 + below(60)), nodes[a]->side(), nodes[b]->side()));
        if (below(3) == 0) time.run_for(base::MonoTime(1ms) * below(400));
      }
    }
    time.run_for(60s);
  }
  [[nodiscard]] bool honest() const { return lie.name == "honest"; }

  using Topics = std::vector<TopicPartition>;
  static constexpr std::size_t kMirrors = 3;
  static constexpr std::size_t kCareless = 3;
  static constexpr std::size_t kSparse = 4;
  static constexpr std::size_t kNodes = 8;

  base::SeededRandom random;
  FreeOwner owner;
  Lie lie;
  std::uint64_t at = 0;
  feed::Checkpoint head;
  VirtualTime time;
  std::shared_ptr<SharedValues> values = std::make_shared<SharedValues>();
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::shared_ptr<DirectLink>> links;
};

TEST(LyingOwner, IsNamedByAllAndNobodyElseIsBlamed) {
  const std::uint64_t wanted = worlds_wanted();
  std::size_t frozen = 0;
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    World world(seed);
    ASSERT_NO_FATAL_FAILURE(world.play()) << "seed " << seed << ": " << world.lie.name;
    const std::string about = "seed " + std::to_string(seed) + ", " + std::string(world.lie.name);
    for (const auto& link : world.links) ASSERT_TRUE(link->open()) << about << ": a connection was closed";
    for (std::size_t i = 0; i < World::kNodes; ++i) {
      const Node& node = *world.nodes[i];
      for (const EventLog::Blame& blame : node.events.blames) ADD_FAILURE() << about << ": " << blame.what;
      ASSERT_TRUE(node.events.blames.empty() && node.events.floods.empty()) << about;
      ASSERT_EQ(node.events.forks, 0U) << about;
      ASSERT_LE(node.told(), 1U) << about;
      ASSERT_LE(node.events.contradictions, 1U) << about;
      const auto note = node.reader().contradiction();
      if (world.honest()) {
        ASSERT_FALSE(note.has_value()) << about;
        if (i != World::kCareless && i != World::kSparse) {
          ASSERT_EQ(node.reader().block_prefix(), world.owner.size()) << about;
        }
      } else if (i != World::kCareless && i != World::kSparse) {
        ASSERT_TRUE(note.has_value()) << about << ": node " << i << " found nothing";
        ASSERT_EQ(note->head, world.head) << about;
        ASSERT_EQ(node.told(), 1U) << about;
        ++frozen;
      }
      for (const feed::BlockRange& run : node.reader().held_payloads()) {
        for (BlockIndex block = run.begin; block < run.end; ++block) {
          ASSERT_EQ(node.reader().payload(block).value(), world.owner.block(block.value()).payload) << about;
        }
      }
    }
  }
  std::printf("%llu owners, %zu nodes stopped with a note\n", static_cast<unsigned long long>(wanted), frozen);
}

}  // namespace
}  // namespace shoal::simulation
