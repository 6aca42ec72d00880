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

}  // namespace
}  // namespace shoal::replication
