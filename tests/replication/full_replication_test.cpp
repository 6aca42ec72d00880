#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::SwarmWorld;
using simulation::WholeMirror;

TEST(FullReplication, BringsEveryBlockAndSaysSynced) {
  SwarmWorld world;
  world.publish_many(300);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !mirror.events.synced.empty(); }));
  world.expect_equal(mirror);
  EXPECT_EQ(mirror.events.synced.back(), world.publisher.reader().head());
  EXPECT_TRUE(mirror.events.blames.empty());
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(FullReplication, BringsPayloadsThatTravelInPieces) {
  SwarmWorld world;
  world.publish_many(3);
  world.publish_many(6, 2, 300'000, 2);
  world.publish_many(1, 1, std::size_t{7} << 20);
  world.publish_many(20);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !mirror.events.synced.empty(); }));
  world.expect_equal(mirror);
  EXPECT_TRUE(mirror.events.blames.empty());
}

}  // namespace
}  // namespace shoal::replication
