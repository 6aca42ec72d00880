#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::SwarmWorld;
using simulation::WholeMirror;

TEST(LiveReplication, PushesNewBlocksWithoutARoundTrip) {
  SwarmWorld world;
  world.publish_many(50);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher, {.latency = 40ms});
  ASSERT_TRUE(world.wait([&] { return !mirror.events.synced.empty(); }));
  world.time.run_for(1s);

  const base::MonoTime before = world.time.mono_now();
  world.publish({batch_of(stream("t0"), {1000})});
  ASSERT_TRUE(world.wait([&] { return mirror.held() == world.size(); }));
  const base::MonoTime took = world.time.mono_now() - before;
  EXPECT_GE(took, 40ms);
  EXPECT_LT(took, 60ms);  // one latency, not a question and an answer
  ASSERT_TRUE(world.wait([&] { return mirror.events.synced.back() == world.publisher.reader().head(); }, 1s));
  EXPECT_TRUE(mirror.events.blames.empty());
}

TEST(LiveReplication, KeepsUpWhileTheFeedGrows) {
  SwarmWorld world;
  world.publish_many(200);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher, {.latency = 10ms, .bytes_per_second = 2e6});
  for (int i = 0; i < 100; ++i) {
    world.publish_many(3, 3, i % 10 == 0 ? 90'000 : 100);
    world.time.run_for(10ms);
  }
  ASSERT_TRUE(world.wait(
      [&] { return !mirror.events.synced.empty() && mirror.events.synced.back() == world.publisher.reader().head(); }));
  world.expect_equal(mirror);
  EXPECT_TRUE(mirror.events.blames.empty());
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(LiveReplication, RelaysThroughAMirror) {
  SwarmWorld world;
  world.publish_many(20);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher, {.latency = 20ms});
  WholeMirror reader(world, "reader", 2);
  reader.connect(mirror, {.latency = 20ms});
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }));
  world.time.run_for(1s);
  const base::MonoTime before = world.time.mono_now();
  world.publish_many(5);
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }));
  EXPECT_LT(world.time.mono_now() - before, 80ms);
  world.expect_equal(reader);
  EXPECT_TRUE(reader.events.blames.empty());
  EXPECT_TRUE(mirror.events.blames.empty());
}

TEST(LiveReplication, HeartbeatsMoveTheTime) {
  SwarmWorld world;
  world.publish_many(5);
  WholeMirror mirror(world, "mirror", 1);
  mirror.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !mirror.events.synced.empty(); }));
  world.producer.clock.now += 5000;
  const Result<feed::Checkpoint> beat = world.producer.writer->heartbeat();
  ASSERT_TRUE(beat.ok());
  world.publisher.replicator().on_committed();
  ASSERT_TRUE(world.wait([&] { return mirror.reader().head() == *beat; }, 2s));
  ASSERT_TRUE(world.wait([&] { return mirror.events.synced.back() == *beat; }, 2s));
}

TEST(LiveReplication, AnotherPeerTakesOverWhenTheLiveOneDies) {
  SwarmWorld world;
  world.publish_many(30);
  WholeMirror first(world, "first", 1);
  first.connect(world.publisher);
  WholeMirror second(world, "second", 2);
  second.connect(world.publisher);
  WholeMirror reader(world, "reader", 3);
  const auto to_first = reader.connect(first);
  const auto to_second = reader.connect(second);
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }));
  world.time.run_for(2s);
  // Whichever serves the live want, silence of one must not lose anything.
  for (const auto& cut : {to_first, to_second}) {
    const bool is_first = cut.dialler == to_first.dialler;
    if (is_first) cut.dialler->cut();
    world.publish_many(10);
    ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }, 10s)) << (is_first ? "first" : "second");
    if (is_first) cut.dialler->close("gone");
    world.time.run_for(1s);
    if (is_first) reader.connect(first);
    world.time.run_for(3s);
  }
  world.expect_equal(reader);
  EXPECT_TRUE(reader.events.blames.empty());
}

}  // namespace
}  // namespace shoal::replication
