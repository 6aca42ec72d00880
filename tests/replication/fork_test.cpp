#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::SwarmNode;
using simulation::SwarmWorld;

/// Two producers with one key: `first` and `second` share a beginning of `common` blocks and then differ.
struct Forked {
  Forked(std::size_t common, std::size_t first_more, std::size_t second_more)
      : second(time, "second", 102), mirror(time, "mirror", 1) {
    EXPECT_TRUE(one.open().ok() && two.open().ok());
    grow(one, common, 0);
    grow(two, common, 0);
    grow(one, first_more, 1000);
    grow(two, second_more, 2000);
    first.emplace(time, "first", std::uint8_t{101});
    first->own(one);
    second.own(two);
    mirror.mirror(one.id());
    mirror.follow_all();
  }
  static void grow(feed::testing::Producer& producer, std::size_t blocks, std::int64_t seed) {
    for (std::size_t i = 0; i < blocks; ++i) {
      ASSERT_TRUE(producer.writer->commit({batch_of(stream("t"), {seed + static_cast<std::int64_t>(i)})}).ok());
    }
  }

  simulation::VirtualTime time;
  feed::testing::Producer one;
  feed::testing::Producer two;
  std::optional<SwarmNode> first;
  SwarmNode second;
  SwarmNode mirror;
};

void expect_fork_found(std::size_t common, std::size_t first_more, std::size_t second_more) {
  Forked world(common, first_more, second_more);
  world.mirror.connect(*world.first);
  ASSERT_TRUE(world.time.run_until([&] { return !world.mirror.events.synced.empty(); }, 20s));
  world.mirror.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return world.mirror.events.forks > 0; }, 5s))
      << common << "+" << first_more << " against +" << second_more;
  const std::optional<Bytes> kept = world.mirror.reader().fork_proof();
  ASSERT_TRUE(kept);
  const Result<feed::ForkProof> proof = feed::decode_fork_proof(*kept);
  ASSERT_TRUE(proof.ok());
  EXPECT_TRUE(feed::verify_fork_proof(*proof).ok());
  EXPECT_TRUE(world.mirror.events.blames.empty());  // the peers are honest, the owner is not
  // It spreads, first thing, to who comes later.
  SwarmNode late(world.time, "late", 3);
  late.mirror(world.one.id());
  late.follow_all();
  late.connect(world.mirror);
  ASSERT_TRUE(world.time.run_until([&] { return late.events.forks > 0; }, 5s));
  EXPECT_TRUE(late.reader().fork_proof().has_value());
}

TEST(Fork, IsFoundInOneExchangeWhenHeadsAreEquallyLong) { expect_fork_found(5, 4, 4); }
TEST(Fork, IsFoundWhenTheOtherHeadIsShorter) { expect_fork_found(5, 9, 2); }
TEST(Fork, IsFoundWhenTheOtherHeadIsLonger) { expect_fork_found(5, 2, 9); }

TEST(Fork, AnOwnFeedNoticesASecondHistory) {
  Forked world(3, 2, 2);
  world.mirror.connect(*world.first);
  ASSERT_TRUE(world.time.run_until([&] { return !world.mirror.events.synced.empty(); }, 20s));
  world.second.connect(world.mirror);
  ASSERT_TRUE(world.time.run_until([&] { return world.second.events.forks > 0; }, 5s));
}

/// Two more blocks of each history reach the mirror after they parted: the second one as a push that does not prove.
TEST(Fork, WhoPushesTheOtherHistoryIsNotBlamed) {
  Forked world(5, 0, 0);
  world.mirror.connect(*world.first);
  world.mirror.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return !world.mirror.events.synced.empty(); }, 20s));
  world.time.run_for(2s);
  const auto commit = [](feed::testing::Producer& producer, SwarmNode& node, std::int64_t seed, std::size_t blocks) {
    std::vector<feed::PendingBatch> group;
    for (std::size_t i = 0; i < blocks; ++i) {
      group.push_back(batch_of(stream("t"), {seed + static_cast<std::int64_t>(i)}));
    }
    const auto done = producer.writer->commit(std::move(group));
    ASSERT_TRUE(done.ok());
    node.replicator().on_committed();
  };
  commit(world.one, *world.first, 1000, 1);
  world.time.run_for(1s);
  commit(world.two, world.second, 2000, 2);
  ASSERT_TRUE(world.time.run_until([&] { return world.mirror.events.forks > 0; }, 10s));
  world.time.run_for(10s);
  EXPECT_TRUE(world.mirror.events.blames.empty()) << world.mirror.events.blames.front().what;
  EXPECT_TRUE(world.second.events.blames.empty() && world.first->events.blames.empty());
}

TEST(Fork, BlocksThatBothMayShareAreStillFetched) {
  Forked world(5, 20, 20);
  SwarmNode reader(world.time, "reader", 4);
  reader.mirror(world.one.id());
  ASSERT_TRUE(reader.follower().mirror->accept(*world.one.writer->head(), 0, {}, {}).ok());
  reader.follow_all();
  reader.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return reader.events.forks > 0; }, 5s));
  world.time.run_for(5s);
  EXPECT_EQ(reader.held(), 0U) << "the other history has nothing for it";
  reader.connect(*world.first);
  const std::uint64_t limit = *reader.reader().fork_limit();
  EXPECT_EQ(limit, world.one.writer->head()->tree_size - 1);
  ASSERT_TRUE(world.time.run_until([&] { return reader.held() == limit; }, 20s)) << reader.held();
  world.time.run_for(5s);
  EXPECT_EQ(reader.held(), limit);
  EXPECT_EQ(reader.reader().head(), *world.one.writer->head());
  EXPECT_TRUE(reader.events.blames.empty()) << reader.events.blames.front().what;
  EXPECT_TRUE(reader.events.synced.empty());
}

TEST(Fork, BlocksAreAskedOfWhoWentOnFromOurHead) {
  Forked world(5, 20, 20);
  const feed::Checkpoint earlier = *world.one.writer->head();
  Forked::grow(world.one, 3, 5000);
  SwarmNode reader(world.time, "reader", 4);
  reader.mirror(world.one.id());
  ASSERT_TRUE(reader.follower().mirror->accept(earlier, 0, {}, {}).ok());
  reader.follow_all();
  reader.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return reader.events.forks > 0; }, 5s));
  reader.connect(*world.first);
  ASSERT_TRUE(world.time.run_until([&] { return reader.held() == *reader.reader().fork_limit(); }, 20s));
  EXPECT_EQ(reader.reader().head(), earlier) << "it stays where it was";
}

TEST(Fork, WhoComesAfterItWithoutAHeadTakesNothing) {
  Forked world(5, 4, 4);
  world.mirror.connect(*world.first);
  ASSERT_TRUE(world.time.run_until([&] { return !world.mirror.events.synced.empty(); }, 20s));
  world.mirror.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return world.mirror.events.forks > 0; }, 5s));
  SwarmNode late(world.time, "late", 3);
  late.mirror(world.one.id());
  late.follow_all();
  late.connect(world.mirror);
  world.time.run_for(10s);
  EXPECT_EQ(late.events.forks, 1U);
  EXPECT_FALSE(late.reader().head().has_value());
  EXPECT_EQ(late.held(), 0U);
}

TEST(Fork, AnOwnFeedFindsOutThatALongerHeadIsOfAnotherHistory) {
  Forked world(3, 2, 6);
  world.mirror.connect(world.second);
  ASSERT_TRUE(world.time.run_until([&] { return !world.mirror.events.synced.empty(); }, 20s));
  world.first->connect(world.mirror);
  ASSERT_TRUE(world.time.run_until([&] { return world.first->events.forks > 0; }, 5s));
  ASSERT_TRUE(world.first->events.proof);
  EXPECT_TRUE(feed::verify_fork_proof(*world.first->events.proof).ok());
}

}  // namespace
}  // namespace shoal::replication
