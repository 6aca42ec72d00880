#include "replication/peers/store_gate.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::CoreWorld;

Error failure(Code code) { return {code, "a write failed", ""}; }

TEST(StoreGate, IsClosedWhileTheStoreRefusesWrites) {
  CoreWorld world;
  const StoreGate gate(world.follower.mirror.get());
  EXPECT_FALSE(gate.closed(0s));
  world.disk().error = CoreWorld::full();
  ASSERT_TRUE(gate.closed(0s));
  EXPECT_EQ(gate.closed(1h)->code, Code::no_space) << "however long that takes";
  world.disk().error.reset();
  EXPECT_FALSE(gate.closed(1h));
}

TEST(StoreGate, AFailureThatTheStoreDoesNotKnowClosesItForASecond) {
  CoreWorld world;
  StoreGate gate(world.follower.mirror.get());
  EXPECT_TRUE(gate.failed(failure(Code::corrupt), 10s));
  ASSERT_TRUE(gate.closed(10s + 999ms));
  EXPECT_EQ(gate.closed(10s)->code, Code::corrupt);
  EXPECT_FALSE(gate.closed(11s));
}

TEST(StoreGate, FailuresThatFollowOneAnotherCloseItLongerAndAreToldOnce) {
  CoreWorld world;
  StoreGate gate(world.follower.mirror.get());
  EXPECT_TRUE(gate.failed(failure(Code::io), 0s));
  EXPECT_FALSE(gate.failed(failure(Code::io), 500ms)) << "was on its way when the first one came";
  EXPECT_FALSE(gate.closed(1s)) << "and does not make the pause longer";
  base::MonoTime now = 1s;
  for (const base::MonoTime pause : {2s, 4s, 8s, 16s, 32s, 64s, 64s}) {
    EXPECT_FALSE(gate.failed(failure(Code::io), now));
    EXPECT_TRUE(gate.closed(now + pause - 1ms));
    now += pause;
    EXPECT_FALSE(gate.closed(now));
  }
  now += 128s;
  EXPECT_TRUE(gate.failed(failure(Code::io), now)) << "another episode";
  EXPECT_FALSE(gate.closed(now + 1s));
}

TEST(StoreGate, ARefusalOfAStoreThatSaysSoIsNotTold) {
  CoreWorld world;
  StoreGate gate(world.follower.mirror.get());
  world.disk().error = CoreWorld::full();
  EXPECT_FALSE(gate.failed(CoreWorld::full(), 0s));
  world.disk().error.reset();
  EXPECT_FALSE(gate.closed(0s)) << "it opens with the store";
}

TEST(StoreGate, AnOwnFeedIsAlwaysOpen) {
  StoreGate gate(nullptr);
  EXPECT_TRUE(gate.failed(failure(Code::io), 0s));
  EXPECT_FALSE(gate.closed(0s));
}

TEST(StoreGate, ErrorsOfOurStoreAreNoOthers) {
  for (const Code ours : {Code::no_space, Code::io, Code::corrupt}) EXPECT_TRUE(StoreGate::is_ours(ours));
  for (const Code other : {Code::unverified, Code::fork, Code::not_found, Code::limit_exceeded}) {
    EXPECT_FALSE(StoreGate::is_ours(other));
  }
}

}  // namespace
}  // namespace shoal::replication
