#include "node/feeds/receipt_giver.h"

#include "node/feeds/mirror_acks.h"
#include "node/feeds/received_receipts.h"
#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using replication::ReceiptDemand;
using simulation::SwarmNode;
using simulation::SwarmWorld;

/// Runs what was posted when the test says so: a disk that takes its time.
class HeldExecutor final : public base::Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId post_after(base::MonoTime, Task) override { return 0; }
  void cancel(TimerId) override {}
  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }
  void run() {
    for (Task& task : std::exchange(tasks_, {})) task();
  }

 private:
  std::vector<Task> tasks_;
};

/// A mirror that signs receipts.
struct GivingMirror {
  GivingMirror(SwarmWorld& world, std::uint8_t seed, std::shared_ptr<base::Executor> flusher = nullptr)
      : strand(world.time), node(world.time, "mirror" + std::to_string(seed), seed) {
    node.mirror(world.producer.id());
    open(world, flusher ? std::move(flusher) : std::make_shared<simulation::VirtualExecutor>(world.time));
    node.events.on_blocks_hook = [this] { giver->on_held(); };
    node.events.on_synced_hook = [this](const feed::Checkpoint& head) { giver->on_synced(head); };
    node.events.on_demand_hook = [this](ReceiptDemand demand) { giver->on_demand(demand); };
    node.follow_all();
  }
  void open(SwarmWorld& world, std::shared_ptr<base::Executor> flusher) {
    ReceiptGiver::Context context;
    context.log = node.follower().log.get();
    context.mirror = node.follower().mirror.get();
    context.strand = &strand;
    context.flusher = std::move(flusher);
    context.clock = &world.time;
    context.sink = &log;
    context.kept_for_good = [this] { return kept; };
    context.sign = [this](feed::Receipt& receipt) { feed::sign_receipt(receipt, node.node_key_pair()); };
    context.give = [this](const feed::Receipt& receipt) {
      given.push_back(receipt);
      node.replicator().give_receipt(receipt);
    };
    auto opened = ReceiptGiver::open(std::move(context));
    ASSERT_TRUE(opened.ok());
    giver = *opened;
  }

  std::optional<KeptForGood> kept = KeptForGood{};
  std::vector<feed::Receipt> given;
  simulation::LogLines log;
  simulation::VirtualExecutor strand;
  SwarmNode node;
  std::shared_ptr<ReceiptGiver> giver;
};

struct GiverWorld : SwarmWorld {
  GiverWorld() { publish_many(20); }
  bool wait_held(GivingMirror& mirror) {
    return wait([&] { return mirror.node.held() == size(); });
  }
};

TEST(ReceiptGiver, SignsOnlyWhatWasMadeDurableBefore) {
  GiverWorld world;
  const auto disk = std::make_shared<HeldExecutor>();
  GivingMirror mirror(world, 1, disk);
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait_held(mirror));
  ASSERT_TRUE(world.wait([&] { return disk->waiting() > 0; }));
  const std::uint64_t durable = world.size();
  world.publish_many(5);
  ASSERT_TRUE(world.wait_held(mirror));
  world.time.run_for(5s);
  EXPECT_TRUE(mirror.given.empty());
  // What came while the flush was on its way is not promised by it.
  disk->run();
  ASSERT_TRUE(world.wait([&] { return !mirror.given.empty(); }));
  EXPECT_LE(mirror.given[0].tree_size, durable);
  ASSERT_TRUE(world.wait([&] { return disk->waiting() > 0; }));
  disk->run();
  ASSERT_TRUE(world.wait([&] { return mirror.given.size() == 2; }));
  EXPECT_EQ(mirror.given[1].tree_size, world.size());
  ASSERT_TRUE(world.wait([&] { return world.publisher.events.receipts.size() == 2; }));
}

TEST(ReceiptGiver, SignsNothingThatNobodyAsksFor) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait_held(mirror));
  world.time.run_for(10s);
  EXPECT_TRUE(mirror.given.empty());
}

TEST(ReceiptGiver, PromisesNothingThatIsNotKeptForGood) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  mirror.kept.reset();
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait_held(mirror));
  world.time.run_for(10s);
  EXPECT_TRUE(mirror.given.empty());
}

TEST(ReceiptGiver, SignsMoreOftenWhileSomebodyWaits) {
  for (const auto& [demand, least, most] :
       {std::tuple{ReceiptDemand::wanted, 3U, 7U}, std::tuple{ReceiptDemand::awaited, 20U, 60U}}) {
    GiverWorld world;
    GivingMirror mirror(world, 1);
    world.publisher.replicator().ask_receipts(demand);
    mirror.node.connect(world.publisher);
    ASSERT_TRUE(world.wait_held(mirror));
    for (int i = 0; i < 500; ++i) {
      world.publish_many(1);
      world.time.run_for(10ms);
    }
    EXPECT_GE(mirror.given.size(), least);
    EXPECT_LE(mirror.given.size(), most);
  }
}

TEST(ReceiptGiver, WhoBeginsToWaitIsNotLeftToTheSlowerPace) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !mirror.given.empty() && mirror.given.back().tree_size == world.size(); }));
  world.publish_many(1);
  ASSERT_TRUE(world.wait_held(mirror));
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  EXPECT_TRUE(world.wait([&] { return mirror.given.back().tree_size == world.size(); }, 300ms));
}

TEST(ReceiptGiver, SinceStaysOverARestartAndTheTimeMoves) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !mirror.given.empty() && mirror.given.back().tree_size == world.size(); }));
  const feed::Receipt first = mirror.given.back();
  EXPECT_LE(first.since, first.time);
  mirror.open(world, std::make_shared<simulation::VirtualExecutor>(world.time));
  mirror.giver->on_demand(ReceiptDemand::awaited);
  world.time.run_for(1s);
  world.publish_many(1);
  ASSERT_TRUE(world.wait([&] { return mirror.given.back().tree_size == world.size(); }));
  EXPECT_EQ(mirror.given.back().since, first.since);
  EXPECT_GT(mirror.given.back().time, first.time);
  // Fewer topics than before: another holding begins.
  mirror.kept->topics = {"t0", "t1"};
  world.publish_many(1);
  ASSERT_TRUE(world.wait([&] { return mirror.given.back().topics.size() == 2; }));
  EXPECT_GT(mirror.given.back().since, first.since);
}

TEST(ReceiptGiver, ADirectoryThatLostWhatItPromisedSaysSo) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  feed::Receipt former;
  former.feed = world.producer.id();
  former.tree_size = 1000;
  feed::sign_receipt(former, mirror.node.node_key_pair());
  ASSERT_TRUE(mirror.node.follower().log->set_property("receipt", feed::encode_receipt(former)).ok());
  mirror.open(world, std::make_shared<simulation::VirtualExecutor>(world.time));
  ASSERT_EQ(mirror.log.lines.size(), 1U);
  EXPECT_NE(mirror.log.lines[0].find("1000 blocks"), std::string::npos) << mirror.log.lines[0];
}

TEST(ReceiptGiver, DroppedPayloadsAreNotPromised) {
  GiverWorld world;
  GivingMirror mirror(world, 1);
  mirror.node.connect(world.publisher);
  ASSERT_TRUE(world.wait_held(mirror));
  ASSERT_TRUE(mirror.node.follower().mirror->prune({BlockIndex(1), BlockIndex(2)}).ok());
  const UnixMs appended = mirror.node.reader().header(BlockIndex(2))->append_time;
  world.producer.clock.now = appended + 50;
  world.publish_many(3);
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  ASSERT_TRUE(world.wait([&] { return !mirror.given.empty(); }));
  EXPECT_EQ(mirror.given.back().oldest, appended + 1);
}

/// The publisher's side: what has come, and what waits for it.
TEST(MirrorSwarm, ARecordIsAcknowledgedOnceEnoughMirrorsHoldItWhateverBecomesOfOthers) {
  GiverWorld world;
  GivingMirror first(world, 1);
  GivingMirror second(world, 2);
  GivingMirror third(world, 3);
  ReceivedReceipts received;
  world.publisher.events.on_receipt_hook = [&] { received.put(world.publisher.events.receipts.back()); };
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  MirrorAcks acks({.count = 2, .named = {}});
  const auto publish = [&] {
    world.publish_many(1);
    acks.add({{"t0", Partition(0), Offset(0), Offset(0)}, BlockIndex(world.size() - 1), world.producer.clock.now, 1});
  };
  std::size_t acknowledged = 0;
  const auto settled = [&](std::size_t count, base::MonoTime limit) {
    return world.wait(
        [&] {
          acknowledged += acks.take(received.all(), Epoch(0)).size();
          return acknowledged == count;
        },
        limit);
  };
  first.node.connect(world.publisher);
  second.node.connect(world.publisher);
  publish();
  EXPECT_TRUE(settled(1, 10s));
  second.node.disconnect_all();
  publish();
  publish();
  EXPECT_FALSE(settled(3, 30s));
  EXPECT_EQ(acknowledged, 1U);
  third.node.connect(world.publisher);
  EXPECT_TRUE(settled(3, 10s));
  // One that comes back counts again.
  first.node.disconnect_all();
  publish();
  EXPECT_FALSE(settled(4, 30s));
  second.node.connect(world.publisher);
  EXPECT_TRUE(settled(4, 10s));
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

}  // namespace
}  // namespace shoal::node
