#include "simulation/swarm_world.h"
#include "support/hostile_outbox.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::SwarmNode;
using simulation::SwarmWorld;
using simulation::WholeMirror;

/// A world with a published feed and full mirrors of it.
struct Swarm : SwarmWorld {
  void add_mirrors(int count) {
    for (int i = 0; i < count; ++i) {
      const auto key_seed = static_cast<std::uint8_t>(10 + i);
      auto mirror = std::make_unique<WholeMirror>(*this, "mirror" + std::to_string(i), key_seed);
      mirror->connect(publisher);
      mirrors.push_back(std::move(mirror));
    }
    ASSERT_TRUE(wait([&] {
      return std::all_of(mirrors.begin(), mirrors.end(), [&](const auto& m) { return m->held() == size(); });
    }));
    time.run_for(1s);
  }
  std::vector<std::unique_ptr<SwarmNode>> mirrors;
};

TEST(SeveralPeers, ShareTheWork) {
  Swarm world;
  world.publish_many(1500, 3, 4000);
  world.add_mirrors(3);
  WholeMirror reader(world, "reader", 1);
  const simulation::LinkOptions slow{.latency = 10ms, .bytes_per_second = 1e6};
  for (const auto& mirror : world.mirrors) reader.connect(*mirror, slow);
  const base::MonoTime before = world.time.mono_now();
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }));
  // 6 MB over three links of 1 MB/s: clearly faster than over one.
  EXPECT_LT(world.time.mono_now() - before, 3500ms);
  for (const PeerView& peer : reader.replicator().peers()) EXPECT_GT(peer.blocks_in, 200U);
  world.expect_equal(reader);
}

TEST(SeveralPeers, OneThatDiesMidWayCostsNothingButItsShare) {
  Swarm world;
  world.publish_many(1500, 3, 4000);
  world.add_mirrors(2);
  WholeMirror reader(world, "reader", 1);
  const simulation::LinkOptions slow{.latency = 10ms, .bytes_per_second = 1e6};
  const auto doomed = reader.connect(*world.mirrors[0], slow);
  reader.connect(*world.mirrors[1], slow);
  ASSERT_TRUE(world.wait([&] { return reader.reader().held_payload_count() > 300; }));
  doomed.listener->close("killed");
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }, 15s));
  world.expect_equal(reader);
  EXPECT_TRUE(reader.events.blames.empty());
}

TEST(SeveralPeers, OneThatFallsSilentIsReplacedWithinSeconds) {
  Swarm world;
  world.publish_many(1500, 3, 4000);
  world.add_mirrors(2);
  WholeMirror reader(world, "reader", 1);
  const simulation::LinkOptions slow{.latency = 10ms, .bytes_per_second = 1e6};
  const auto doomed = reader.connect(*world.mirrors[0], slow);
  reader.connect(*world.mirrors[1], slow);
  ASSERT_TRUE(world.wait([&] { return reader.reader().held_payload_count() > 300; }));
  doomed.listener->cut();
  const base::MonoTime before = world.time.mono_now();
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }, 30s));
  EXPECT_LT(world.time.mono_now() - before, 14s);
  world.expect_equal(reader);
}

TEST(SeveralPeers, APartialMirrorGivesWhatItHas) {
  Swarm world;
  world.publish_many(400, 4, 1000);
  // It follows one topic only.
  SwarmNode partial(world.time, "partial", 5);
  partial.mirror(world.producer.id());
  partial.follow_topics({feed::testing::stream("t2")});
  const auto link = partial.connect(world.publisher);
  ASSERT_TRUE(world.wait([&] { return !partial.events.synced.empty(); }));
  link.dialler->close("the producer goes");
  world.time.run_for(1s);

  SwarmNode reader(world.time, "reader", 1);
  reader.mirror(world.producer.id());
  reader.follow_topics({feed::testing::stream("t2")});
  reader.connect(partial);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }, 20s));
  EXPECT_EQ(reader.reader().held_payload_count(), 100U);
  EXPECT_TRUE(reader.events.blames.empty());
}

TEST(SeveralPeers, APeerThatIsBehindStillHelps) {
  Swarm world;
  world.publish_many(800, 2, 2000);
  world.add_mirrors(1);
  world.mirrors[0]->disconnect_all();
  world.publish_many(100, 2, 2000);
  WholeMirror reader(world, "reader", 1);
  reader.connect(world.publisher, {.latency = 5ms, .bytes_per_second = 5e5});
  reader.connect(*world.mirrors[0], {.latency = 5ms, .bytes_per_second = 5e5});
  ASSERT_TRUE(world.wait([&] { return reader.held() == world.size(); }));
  world.expect_equal(reader);
  EXPECT_TRUE(reader.events.blames.empty());
  for (const PeerView& peer : reader.replicator().peers()) EXPECT_GT(peer.blocks_in, 100U) << peer.address.host_port;
}

TEST(SeveralPeers, AHostileMirrorIsNamedAndTheTransferCompletes) {
  Swarm world;
  world.publish_many(300, 3, 1000);
  world.publish_many(3, 1, 200'000);
  world.add_mirrors(2);
  world.mirrors[0]->wrap_outbox = shoal::testing::HostileOutbox::wrap;
  WholeMirror reader(world, "reader", 1);
  reader.connect(*world.mirrors[0]);
  reader.connect(*world.mirrors[1]);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  world.expect_equal(reader);
  ASSERT_EQ(reader.events.blames.size(), 1U);
  EXPECT_EQ(reader.events.blames[0].node, world.mirrors[0]->node_key());
}

TEST(SeveralPeers, NineOfTenThatWithholdABlockDoNotKeepItFromTheReader) {
  Swarm world;
  world.publish_many(120, 3, 500);
  // Nine sparse mirrors: two of the three topics, and one honest full one.
  std::vector<std::unique_ptr<SwarmNode>> partial;
  for (int i = 0; i < 9; ++i) {
    partial.push_back(
        std::make_unique<SwarmNode>(world.time, "p" + std::to_string(i), static_cast<std::uint8_t>(30 + i)));
    partial.back()->mirror(world.producer.id());
    partial.back()->follow_topics({feed::testing::stream("t0"), feed::testing::stream("t1")});
    partial.back()->connect(world.publisher);
  }
  world.add_mirrors(1);
  ASSERT_TRUE(world.wait([&] {
    return std::all_of(partial.begin(), partial.end(), [](const auto& node) { return !node->events.synced.empty(); });
  }));
  world.time.run_for(1s);
  WholeMirror reader(world, "reader", 1);
  for (const auto& node : partial) reader.connect(*node);
  reader.connect(*world.mirrors[0]);
  ASSERT_TRUE(world.wait([&] { return !reader.events.synced.empty(); }));
  world.expect_equal(reader);
  EXPECT_TRUE(reader.events.blames.empty());
}

}  // namespace
}  // namespace shoal::replication
