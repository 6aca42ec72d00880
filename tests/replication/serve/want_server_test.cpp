#include "replication/serve/want_server.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::CoreWorld;
using testing::wire_size;

/// The publisher's node with peers that ask.
struct ServeWorld : CoreWorld {
  explicit ServeWorld(std::uint64_t blocks = 20, std::size_t value_size = 16, ReplicatorOptions options = {})
      : CoreWorld(blocks, value_size, true, options), peers(core), server(core, peers) {}

  /// A peer without blocks.
  PeerId reader_peer() {
    const PeerId id = join();
    peer(id).have.complete = false;
    return id;
  }
  Want whole(std::uint64_t name, std::uint64_t credit = 1 << 24) const {
    Want want;
    want.want = name;
    want.tree_size = want.end = head().tree_size;
    want.credit = credit;
    return want;
  }
  Want live(std::uint64_t name, Urgency urgency = Urgency::normal) const {
    Want want = whole(name);
    want.live = true;
    want.base = want.begin = want.tree_size;
    want.end = 0;
    want.urgency = urgency;
    return want;
  }
  void ask(PeerId id, const Want& want) { server.on_want(id, peer(id), want); }
  /// The blocks of the want that were sent, in order.
  std::vector<std::uint64_t> blocks_of(PeerId id, std::uint64_t name) {
    std::vector<std::uint64_t> out;
    for (const Data& data : sent<Data>(id)) {
      for (const DataBlock& block : data.blocks) {
        if (data.want == name) out.push_back(block.index.value());
      }
    }
    return out;
  }
  std::vector<EndReason> ends(PeerId id) {
    std::vector<EndReason> out;
    for (const WantEnd& end : sent<WantEnd>(id)) out.push_back(end.reason);
    return out;
  }

  CoreTreePeers peers;
  WantServer server;
};

TEST(WantServer, ServesAWantAndSaysThatItIsDone) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.whole(5));
  EXPECT_EQ(world.blocks_of(id, 5), feed::testing::span(0, 20));
  EXPECT_EQ(world.ends(id), std::vector{EndReason::done});
  EXPECT_EQ(world.sent<WantEnd>(id).front().want, 5U);
  for (const Message& message : world.outbox(id).sent) EXPECT_TRUE(message.bulk);
}

TEST(WantServer, OneThatDoesNotServeRefusesEveryWant) {
  ReplicatorOptions options;
  options.serve = false;
  ServeWorld world(20, 16, options);
  const PeerId id = world.reader_peer();
  world.ask(id, world.whole(5));
  world.ask(id, world.live(6));
  EXPECT_EQ(world.ends(id), (std::vector{EndReason::not_held, EndReason::not_held}));
  world.publish();
  world.server.pump_all();
  EXPECT_EQ(world.outbox(id).sent.size(), 2U) << "and sends no block";
}

TEST(WantServer, RefusesAWantUnderAHeadThatIsNotHereYet) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  Want ahead = world.whole(5);
  ahead.tree_size += 1;
  world.ask(id, ahead);
  EXPECT_EQ(world.ends(id), std::vector{EndReason::not_held});
  Want live = world.live(6);
  live.tree_size += 1;
  live.base = live.begin = live.tree_size;
  world.ask(id, live);
  EXPECT_EQ(world.ends(id).size(), 1U) << "a live one waits for it";
  world.publish(2);
  world.server.pump_all();
  EXPECT_EQ(world.blocks_of(id, 6), std::vector<std::uint64_t>{21});
}

TEST(WantServer, BlamesForAWantThatNoHonestReaderSends) {
  ServeWorld world;
  const auto blamed = [&](const std::function<void(Want&)>& change) {
    const PeerId id = world.reader_peer();
    Want want = world.whole(5, 0);
    change(want);
    world.ask(id, want);
    return world.closed(id);
  };
  EXPECT_EQ(blamed([](Want&) {}), "");
  EXPECT_EQ(blamed([](Want& want) { want.want = 0; }), "a want that nobody can serve");
  const PeerId twice = world.reader_peer();
  world.ask(twice, world.whole(5, 0));
  world.ask(twice, world.whole(5, 0));
  EXPECT_EQ(world.closed(twice), "a want was named twice");
}

TEST(WantServer, TheSeventeenthWantOfAPeerIsRefusedAndNobodyBlamed) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  for (std::uint64_t name = 1; name <= WantServer::kMaxWantsPerPeer; ++name) world.ask(id, world.whole(name, 0));
  EXPECT_TRUE(world.ends(id).empty());
  Want more = world.whole(99, 1'000'000);
  world.ask(id, more);
  more.want = 100;
  more.urgency = Urgency::alone;
  world.ask(id, more);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.ends(id), (std::vector{EndReason::not_held, EndReason::busy})) << "version 1.0 knows no busy";
  EXPECT_EQ(world.sent<WantEnd>(id).front().want, 99U);
  EXPECT_TRUE(world.sent<Data>(id).empty());
}

TEST(WantServer, SendsNoMoreThanTheCredit) {
  ServeWorld world(40, 10'000);
  const PeerId id = world.reader_peer();
  world.ask(id, world.whole(5, 100'000));
  std::size_t sent = 0;
  for (const Data& data : world.sent<Data>(id)) sent += wire_size(data);
  EXPECT_LE(sent, 100'000U);
  EXPECT_GT(sent, 80'000U);
  EXPECT_TRUE(world.ends(id).empty());
  world.server.on_credit(id, Credit{6, 1 << 20, false});
  EXPECT_TRUE(world.ends(id).empty()) << "credit of another want, which may have ended";
  world.server.on_credit(id, Credit{5, 1 << 20, false});
  EXPECT_EQ(world.blocks_of(id, 5), feed::testing::span(0, 40));
  EXPECT_EQ(world.ends(id), std::vector{EndReason::done});
}

TEST(WantServer, StopsWhileThePeersQueueIsFull) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.outbox(id).waiting = WantServer::kQueueLimit;
  world.ask(id, world.whole(5));
  EXPECT_TRUE(world.outbox(id).sent.empty());
  world.outbox(id).waiting = WantServer::kQueueLimit - 1;
  world.server.pump(id);
  EXPECT_EQ(world.ends(id), std::vector{EndReason::done});
}

TEST(WantServer, WantsTakeTurns) {
  ServeWorld world(40, 10'000);
  const PeerId id = world.reader_peer();
  world.outbox(id).waiting = WantServer::kQueueLimit;
  world.ask(id, world.whole(5));
  world.ask(id, world.whole(6));
  world.outbox(id).waiting = 0;
  world.server.pump(id);
  const std::vector<Data> runs = world.sent<Data>(id);
  ASSERT_GE(runs.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(runs[i].want, 5 + i % 2);
  EXPECT_EQ(world.ends(id), (std::vector{EndReason::done, EndReason::done}));
}

TEST(WantServer, ACancelledWantIsNotServed) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.live(5));
  EXPECT_TRUE(world.peer(id).has_live_want);
  world.server.on_cancel(id, Cancel{5});
  EXPECT_FALSE(world.peer(id).has_live_want);
  world.publish();
  world.server.pump_all();
  EXPECT_TRUE(world.outbox(id).sent.empty());
  world.ask(id, world.live(5));
  EXPECT_EQ(world.closed(id), "") << "the name is free again";
}

TEST(WantServer, APeerThatLeftIsNotServed) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.live(5));
  world.server.forget(id);
  world.publish();
  world.server.pump_all();
  EXPECT_TRUE(world.outbox(id).sent.empty());
}

TEST(WantServer, ALiveWantGoesOnWithEachHead) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.peer(id).notified_head.reset();
  world.ask(id, world.live(5));
  world.publish(2);
  world.server.pump_all();
  ASSERT_EQ(world.sent<Data>(id).size(), 1U);
  EXPECT_EQ(world.sent<Data>(id).front().head, world.head());
  EXPECT_FALSE(world.outbox(id).sent.front().bulk) << "new blocks pass what waits";
  EXPECT_EQ(world.peer(id).notified_head, world.head()) << "it needs no announcement";
  world.server.on_credit(id, Credit{5, 0, true});
  world.publish();
  world.server.pump_all();
  EXPECT_EQ(world.sent<Push>(id).size(), 1U) << "the reader has the topic state";
  EXPECT_EQ(world.peer(id).notified_head, world.head());
}

TEST(WantServer, RefusesALiveWantAboveWhatItLikesToServe) {
  ReplicatorOptions options;
  options.live_children = 1;
  ServeWorld world(20, 16, options);
  const PeerId first = world.reader_peer();
  const PeerId second = world.reader_peer();
  const PeerId old = world.reader_peer();
  world.ask(first, world.live(5));
  world.ask(second, world.live(6));
  EXPECT_EQ(world.ends(second), std::vector{EndReason::busy});
  world.ask(second, world.live(7, Urgency::alone));
  EXPECT_EQ(world.ends(second).size(), 1U) << "nobody else would serve it";
  world.ask(old, world.live(8, Urgency::unstated));
  for (const EndReason reason : world.ends(old)) EXPECT_EQ(reason, EndReason::not_held) << "1.0 knows no busy";
}

TEST(WantServer, ShedsALiveWantThatIsTooMany) {
  ReplicatorOptions options;
  options.live_children = 1;
  ServeWorld world(20, 16, options);
  const PeerId first = world.reader_peer();
  const PeerId second = world.reader_peer();
  world.ask(first, world.live(5));
  world.ask(second, world.live(6, Urgency::missed));
  for (int i = 0; i < 1200 && world.ends(first).empty() && world.ends(second).empty(); ++i) {
    world.time.run_for(100ms);
    world.server.tick();
  }
  const bool first_went = !world.ends(first).empty();
  const PeerId shed = first_went ? first : second;
  EXPECT_EQ(world.ends(shed), std::vector{EndReason::busy});
  EXPECT_FALSE(world.peer(shed).has_live_want);
  world.publish();
  world.server.pump_all();
  EXPECT_TRUE(world.sent<Data>(shed).empty());
  EXPECT_EQ(world.sent<Data>(first_went ? second : first).size(), 1U);
}

TEST(WantServer, AnOwnerGivesALargeNewBlockOnceAtFirst) {
  ServeWorld world(3, 200'000);
  const PeerId first = world.reader_peer();
  const PeerId second = world.reader_peer();
  Want last = world.whole(5);
  last.begin = 2;
  last.urgency = Urgency::normal;
  world.ask(first, last);
  EXPECT_FALSE(world.sent<Piece>(first).empty());
  world.ask(second, last);
  EXPECT_EQ(world.ends(second), std::vector{EndReason::busy});
}

TEST(WantServer, AWantUnderALaterHeadIsRefusedAtOnce) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  Want ahead = world.whole(5, 0);
  ahead.tree_size += 1;
  world.ask(id, ahead);
  EXPECT_EQ(world.ends(id), std::vector{EndReason::not_held}) << "not once it has credit";
  EXPECT_TRUE(world.log.lines.empty());
  CoreWorld empty;
  CoreTreePeers peers(empty.core);
  WantServer server(empty.core, peers);
  const PeerId other = empty.join();
  server.on_want(other, empty.peer(other), world.whole(5, 0));
  EXPECT_EQ(empty.sent<WantEnd>(other).size(), 1U) << "without a head nothing is held";
}

TEST(WantServer, CreditWithoutTheWordCompactLeavesRunsWhole) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.live(5));
  world.server.on_credit(id, Credit{5, 1 << 20, false});
  world.publish();
  world.server.pump_all();
  EXPECT_EQ(world.sent<Data>(id).size(), 1U);
  EXPECT_TRUE(world.sent<Push>(id).empty());
}

TEST(WantServer, CreditIsForTheWantThatItNames) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.whole(5, 0));
  world.ask(id, world.whole(6, 0));
  world.server.on_credit(id, Credit{6, 1 << 20, false});
  EXPECT_TRUE(world.blocks_of(id, 5).empty());
  EXPECT_EQ(world.blocks_of(id, 6), feed::testing::span(0, 20));
}

TEST(WantServer, CancelEndsTheWantThatItNames) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.ask(id, world.whole(5, 0));
  world.ask(id, world.whole(6, 0));
  world.server.on_cancel(id, Cancel{5});
  for (const std::uint64_t name : {5U, 6U}) {
    world.server.on_credit(id, Credit{name, 1 << 20, false});
  }
  EXPECT_TRUE(world.blocks_of(id, 5).empty());
  EXPECT_EQ(world.blocks_of(id, 6), feed::testing::span(0, 20));
}

TEST(WantServer, AWantThatEndsCostsNoOtherItsTurn) {
  ServeWorld world(40, 10'000);
  const PeerId id = world.reader_peer();
  world.outbox(id).waiting = WantServer::kQueueLimit;
  Want few = world.whole(5);
  few.end = 1;
  world.ask(id, few);
  world.ask(id, world.whole(6));
  world.ask(id, world.whole(7));
  world.outbox(id).waiting = 0;
  world.server.pump(id);
  std::vector<std::uint64_t> turns;
  for (const Message& message : world.outbox(id).sent) {
    if (const auto* data = std::get_if<Data>(&message.body)) turns.push_back(data->want);
    if (const auto* end = std::get_if<WantEnd>(&message.body)) turns.push_back(end->want);
  }
  ASSERT_GE(turns.size(), 8U);
  turns.resize(8);
  EXPECT_EQ(turns, (std::vector<std::uint64_t>{5, 6, 7, 5, 6, 7, 6, 7}));
}

TEST(WantServer, LiveWantsComeFirst) {
  ServeWorld world(40, 10'000);
  const PeerId id = world.reader_peer();
  world.ask(id, world.live(5));
  world.outbox(id).waiting = WantServer::kQueueLimit;
  world.ask(id, world.whole(6));
  world.publish(20);
  world.outbox(id).waiting = 0;
  world.server.pump_all();
  const std::vector<Data> runs = world.sent<Data>(id);
  ASSERT_GE(runs.size(), 4U);
  EXPECT_EQ(world.blocks_of(id, 5).size(), 20U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(runs[i].want, 5U);
}

TEST(WantServer, ALargeNewBlockPassesWhatWaitsAndALargeOldOneDoesNot) {
  ServeWorld world(3, 200'000);
  const PeerId reader = world.reader_peer();
  const PeerId follower = world.reader_peer();
  world.ask(reader, world.whole(5));
  world.ask(follower, world.live(6));
  world.publish();
  world.server.pump_all();
  ASSERT_FALSE(world.sent<Piece>(reader).empty());
  ASSERT_FALSE(world.sent<Piece>(follower).empty());
  for (const Message& message : world.outbox(reader).sent) EXPECT_TRUE(message.bulk);
  for (const Message& message : world.outbox(follower).sent) EXPECT_FALSE(message.bulk);
}

TEST(WantServer, OnlyARunWithAHeadTellsThePeerAHead) {
  ServeWorld world;
  const PeerId id = world.reader_peer();
  world.peer(id).notified_head.reset();
  world.ask(id, world.whole(5));
  EXPECT_EQ(world.peer(id).notified_head, std::nullopt);
}

/// One live want more than the node likes to serve.
struct ShedWorld : ServeWorld {
  ShedWorld() : ServeWorld(20, 16, options()) {}
  static ReplicatorOptions options() {
    ReplicatorOptions out;
    out.live_children = 1;
    return out;
  }
  void tick_for_minutes(int minutes) {
    for (int i = 0; i < minutes * 12; ++i) {
      time.run_for(5s);
      server.tick();
    }
  }
};

TEST(WantServer, AWantOfTheFirstVersionIsNotShed) {
  ShedWorld world;
  const PeerId old = world.reader_peer();
  const PeerId other = world.reader_peer();
  world.ask(old, world.live(5, Urgency::unstated));
  world.ask(other, world.live(6, Urgency::missed));
  world.tick_for_minutes(5);
  EXPECT_TRUE(world.ends(old).empty()) << "it knows no busy";
  EXPECT_EQ(world.ends(other), std::vector{EndReason::busy});
}

TEST(WantServer, AWantThatOwesBlocksOfAHeadIsNotShed) {
  ShedWorld world;
  const PeerId first = world.reader_peer();
  const PeerId second = world.reader_peer();
  for (const PeerId id : {first, second}) {
    Want want = world.live(5, id == first ? Urgency::normal : Urgency::missed);
    want.credit = 0;
    world.ask(id, want);
  }
  world.publish();
  world.server.pump_all();
  world.tick_for_minutes(5);
  EXPECT_TRUE(world.ends(first).empty() && world.ends(second).empty());
  for (const PeerId id : {first, second}) world.server.on_credit(id, Credit{5, 1 << 20, false});
  world.tick_for_minutes(1);
  EXPECT_EQ(world.ends(first).size() + world.ends(second).size(), 1U);
}

TEST(WantServer, ShedsTheWantOfAPeerAndLeavesItsOthers) {
  ShedWorld world;
  const PeerId first = world.reader_peer();
  const PeerId second = world.reader_peer();
  for (const PeerId id : {first, second}) {
    world.ask(id, world.whole(4, 0));
    world.ask(id, world.live(5, id == first ? Urgency::normal : Urgency::missed));
  }
  world.tick_for_minutes(1);
  const PeerId shed = world.ends(first).empty() ? second : first;
  ASSERT_EQ(world.sent<WantEnd>(shed).size(), 1U);
  EXPECT_EQ(world.sent<WantEnd>(shed).front().want, 5U);
  world.server.on_credit(shed, Credit{4, 1 << 20, false});
  EXPECT_EQ(world.blocks_of(shed, 4), feed::testing::span(0, 20));
}

TEST(WantServer, WhatIsDamagedHereIsNotHeld) {
  // A reader without blocks holds neither headers nor tree.
  CoreWorld world(5);
  world.take_head();
  CoreTreePeers peers(world.core);
  WantServer server(world.core, peers);
  const PeerId id = world.join();
  Want want;
  want.want = 5;
  want.tree_size = want.end = 5;
  want.credit = 1 << 20;
  server.on_want(id, world.peer(id), want);
  ASSERT_EQ(world.sent<WantEnd>(id).size(), 1U);
  EXPECT_EQ(world.sent<WantEnd>(id).front().reason, EndReason::not_held);
}

}  // namespace
}  // namespace shoal::replication
