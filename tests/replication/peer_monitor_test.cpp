#include "replication/peer_monitor.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

struct MonitorWorld : testing::CoreWorld {
  MonitorWorld() : CoreWorld(1), monitor(core), id(join()) {}
  void pass(base::MonoTime span) {
    for (; span > 0s; span -= 100ms) {
      time.run_for(100ms);
      if (!peer(id).gone) monitor.check(peer(id));
    }
  }
  PeerMonitor monitor;
  PeerId id;
};

TEST(PeerMonitor, PingsAPeerAndMeasuresItsRoundTrip) {
  MonitorWorld world;
  world.monitor.check(world.peer(world.id));
  ASSERT_EQ(world.sent<Ping>(world.id).size(), 1U);
  world.time.run_for(30ms);
  world.monitor.on_pong(world.peer(world.id), Pong{world.sent<Ping>(world.id).front().nonce});
  EXPECT_EQ(world.peer(world.id).view.round_trip_us, 30'000);
  EXPECT_EQ(world.peer(world.id).path.round_trip(), 30ms);
  EXPECT_EQ(world.peer(world.id).ping_nonce, 0U);
  EXPECT_EQ(world.closed(world.id), "");
}

TEST(PeerMonitor, BlamesForAPongThatAnswersNoPing) {
  MonitorWorld world;
  world.monitor.on_pong(world.peer(world.id), Pong{0});
  EXPECT_EQ(world.closed(world.id), "a pong to no ping");
  MonitorWorld other;
  other.monitor.check(other.peer(other.id));
  other.monitor.on_pong(other.peer(other.id), Pong{other.sent<Ping>(other.id).front().nonce + 1});
  EXPECT_EQ(other.closed(other.id), "a pong to no ping");
}

TEST(PeerMonitor, APeerThatOwesAPongBecomesSuspect) {
  MonitorWorld world;
  world.monitor.check(world.peer(world.id));
  world.pass(2s);
  EXPECT_FALSE(world.peer(world.id).suspect);
  world.pass(100ms);
  EXPECT_TRUE(world.peer(world.id).suspect);
  EXPECT_TRUE(world.peer(world.id).view.suspect) << "people see it too";
  world.peer(world.id).last_heard = world.core.now();
  world.monitor.check(world.peer(world.id));
  EXPECT_FALSE(world.peer(world.id).suspect);
}

struct CountsChanges final : ReplicatorEvents {
  int changes = 0;
  void on_head(const feed::Checkpoint&) override {}
  void on_blocks() override {}
  void on_synced(const feed::Checkpoint&) override {}
  void on_peer_blamed(const PeerView&, std::string_view) override {}
  void on_fork(const feed::ForkProof&) override {}
  void on_peers_changed() override { ++changes; }
};

TEST(PeerMonitor, TellsWhenAPeerBecomesSuspectAndWhenItIsTrustedAgain) {
  MonitorWorld world;
  CountsChanges events;
  ReplicatorContext parts;
  parts.reader = &world.reader;
  parts.executor = &world.executor;
  parts.clock = &world.time;
  parts.random = &world.random;
  parts.log = &world.log;
  parts.events = &events;
  ReplicatorCore core(parts, {});
  PeerMonitor monitor(core);
  const auto pass = [&](base::MonoTime span) {
    for (; span > 0s; span -= 100ms) {
      monitor.check(world.peer(world.id));
      world.time.run_for(100ms);
    }
  };
  pass(2s);
  EXPECT_EQ(events.changes, 0);
  pass(2s);
  EXPECT_EQ(events.changes, 1);
  world.peer(world.id).last_heard = core.now();
  pass(1s);
  EXPECT_EQ(events.changes, 2);
}

TEST(PeerMonitor, ClosesTheConnectionOfAPeerThatIsSilentForAMinute) {
  MonitorWorld world;
  world.pass(60s);
  EXPECT_FALSE(world.peer(world.id).gone);
  world.pass(100ms);
  EXPECT_TRUE(world.peer(world.id).gone);
  EXPECT_EQ(world.closed(world.id), "silent for too long");
}

TEST(PeerMonitor, ClosesTheConnectionOfAPeerThatNeverSaysItsHead) {
  MonitorWorld world;
  world.peer(world.id).first_head_came = false;
  for (int i = 0; i < 15; ++i) {
    world.peer(world.id).last_heard = world.core.now();
    world.pass(1s);
  }
  EXPECT_FALSE(world.peer(world.id).gone);
  EXPECT_TRUE(world.sent<Ping>(world.id).empty()) << "it is not pinged before";
  world.pass(100ms);
  EXPECT_TRUE(world.peer(world.id).gone);
  EXPECT_EQ(world.closed(world.id), "it does not say its head");
}

TEST(PeerMonitor, PassesOnHowManyBlocksThePeerGave) {
  MonitorWorld world;
  world.monitor.check(world.peer(world.id));
  EXPECT_TRUE(world.outbox(world.id).given.empty());
  world.peer(world.id).view.blocks_in = 7;
  world.monitor.check(world.peer(world.id));
  world.monitor.check(world.peer(world.id));
  EXPECT_EQ(world.outbox(world.id).given, std::vector<std::uint64_t>{7});
}

TEST(PeerMonitor, PingsMoreOftenWhenAFeedThatGrewOftenStops) {
  MonitorWorld quiet;
  MonitorWorld stopped;
  for (MonitorWorld* world : {&quiet, &stopped}) {
    world->monitor.check(world->peer(world->id));
    world->monitor.on_pong(world->peer(world->id), Pong{world->sent<Ping>(world->id).front().nonce});
  }
  for (int i = 0; i < 5; ++i) {
    stopped.time.run_for(100ms);
    stopped.monitor.on_growth();
  }
  stopped.peer(stopped.id).last_heard = stopped.core.now();
  quiet.pass(3s);
  stopped.pass(3s);
  EXPECT_EQ(quiet.sent<Ping>(quiet.id).size(), 1U);
  EXPECT_EQ(stopped.sent<Ping>(stopped.id).size(), 2U);
}

}  // namespace
}  // namespace shoal::replication
