#include "replication/heads/head_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::Producer;
using feed::testing::stream;
using testing::HeadWorld;
using testing::reply_of;

TEST(HeadExchange, SendsHeadAndHaveToANewPeer) {
  HeadWorld world;
  world.take_all();
  const PeerId id = world.stranger();
  world.heads.on_peer_added(world.peer(id));
  ASSERT_EQ(world.outbox(id).sent.size(), 2U);
  EXPECT_EQ(world.sent<Head>(id).front().head, world.head());
  EXPECT_TRUE(world.sent<Have>(id).front().complete);
  EXPECT_EQ(world.peer(id).notified_head, world.head());
}

TEST(HeadExchange, SaysThatItHasNoHead) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.heads.on_peer_added(world.peer(id));
  EXPECT_EQ(world.sent<NoHead>(id).size(), 1U);
  EXPECT_TRUE(world.sent<Head>(id).empty());
  EXPECT_EQ(world.peer(id).notified_head, std::nullopt);
}

TEST(HeadExchange, BlamesForAHeadThatTheKeyDidNotSign) {
  HeadWorld world;
  const PeerId id = world.stranger();
  feed::Checkpoint head = world.head();
  head.time = head.time + 1;
  world.heads.on_head(id, world.peer(id), head);
  EXPECT_TRUE(world.closed(id).starts_with("a head that the feed's key did not sign")) << world.closed(id);
  EXPECT_EQ(world.peer(id).view.head, std::nullopt);
}

TEST(HeadExchange, BlamesForAHeadThatGoesBack) {
  HeadWorld world;
  const feed::Checkpoint before = world.head();
  world.publish();
  const PeerId id = world.stranger();
  const PeerId other = world.stranger();
  world.announce(id);
  world.announce(other);
  world.announce(id);
  EXPECT_EQ(world.closed(id), "") << "the same head again";
  world.heads.on_head(id, world.peer(id), before);
  EXPECT_EQ(world.closed(id), "its head went back");
  world.heads.on_no_head(other, world.peer(other));
  EXPECT_EQ(world.closed(other), "its head went back to none");
}

TEST(HeadExchange, OnlyANewHeadForgetsWhatThePeerLacked) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.announce(id);
  world.peer(id).lacking.add(3, 4);
  world.announce(id);
  EXPECT_TRUE(world.peer(id).lacking.contains(3));
  world.publish();
  world.announce(id);
  EXPECT_FALSE(world.peer(id).lacking.contains(3));
}

TEST(HeadExchange, TakesTheFirstHeadByItsGrowthFromNothing) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.announce(id);
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U);
  EXPECT_EQ(world.sent<Growth>(id).front().from, 0U);
  EXPECT_EQ(world.sent<Growth>(id).front().to, 20U);
  EXPECT_TRUE(world.heads.growing());
  world.answer(id);
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_TRUE(world.follower.mirror->knows_edge(20));
  EXPECT_EQ(world.accepted, 1);
  EXPECT_FALSE(world.heads.growing());
  world.time.run_for(0s);
  EXPECT_EQ(world.events.heads, std::vector{world.head()});
}

TEST(HeadExchange, TakesALongerHeadByItsGrowthFromOurs) {
  HeadWorld world;
  world.take_all();
  world.publish(3);
  const PeerId id = world.stranger();
  world.announce(id);
  EXPECT_EQ(world.sent<Growth>(id).front().from, 20U);
  world.answer(id);
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.accepted, 1);
  EXPECT_EQ(world.closed(id), "");
}

TEST(HeadExchange, LearnsTheEdgeAtOurHeadFromTheAnswer) {
  HeadWorld world;
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 0, {}, {}).ok());
  ASSERT_FALSE(world.follower.mirror->knows_edge(20));
  world.publish(3);
  const PeerId id = world.stranger();
  world.announce(id);
  world.answer(id);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.reader.head(), world.head());
}

TEST(HeadExchange, GoesOnAskingWhenThePeersHeadMovedMeanwhile) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.announce(id);
  const Growth first = world.sent<Growth>(id).front();
  world.publish();
  world.announce(id);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U) << "one question at a time";
  world.answer(id, reply_of(world.publisher, first));
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U) << "a live want may be asked for first";
  world.time.run_for(0s);
  ASSERT_EQ(world.sent<Growth>(id).size(), 2U);
  world.answer(id);
  EXPECT_EQ(world.reader.head(), world.head());
  world.time.run_for(0s);
  EXPECT_EQ(world.sent<Growth>(id).size(), 2U);
}

TEST(HeadExchange, DoesNotAskAgainForWhatThePeerLacks) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.announce(id);
  GrowthReply none{world.sent<Growth>(id).front().request, false, 0, 20, {}, {}};
  world.answer(id, none);
  world.time.run_for(0s);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
}

TEST(HeadExchange, BlamesForAnAnswerToNoQuestion) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.answer(id, GrowthReply{5, false, 0, 20, {}, {}});
  EXPECT_EQ(world.closed(id), "a growth reply to no question");
  const PeerId other = world.stranger();
  world.announce(other);
  GrowthReply wrong = reply_of(world.publisher, world.sent<Growth>(other).front());
  wrong.request += 1;
  world.answer(other, wrong);
  EXPECT_EQ(world.closed(other), "a growth reply to no question");
}

TEST(HeadExchange, BlamesForAnAnswerOfOtherSizesOrThatContradictsItself) {
  HeadWorld world;
  const auto blamed = [&](const std::function<void(GrowthReply&)>& change) {
    const PeerId id = world.stranger();
    world.announce(id);
    GrowthReply reply = reply_of(world.publisher, world.sent<Growth>(id).front());
    change(reply);
    world.answer(id, reply);
    return world.closed(id);
  };
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.from = 1; }), "a growth reply to another question");
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.to = 19; }), "a growth reply to another question");
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.held = false; }), "a growth reply that contradicts itself");
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.edge.resize(1); }), "a growth reply with a malformed edge");
  EXPECT_TRUE(blamed([](GrowthReply& reply) {
                reply.cover[0].bytes[0] ^= 1;
              }).starts_with("the growth of the tree does not prove"));
  EXPECT_EQ(world.accepted, 0);
}

TEST(HeadExchange, BlamesForAnEdgeThatIsNotOursAndShowsNoFork) {
  HeadWorld world;
  world.take_all();
  world.publish(3);
  const auto blamed = [&](const std::function<void(GrowthReply&)>& change) {
    const PeerId id = world.stranger();
    world.announce(id);
    GrowthReply reply = reply_of(world.publisher, world.sent<Growth>(id).front());
    change(reply);
    world.answer(id, reply);
    return world.closed(id);
  };
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.edge[0].bytes[0] ^= 1; }),
            "a growth reply that does not start from our head");
  EXPECT_EQ(blamed([](GrowthReply& reply) { reply.edge.pop_back(); }), "a growth reply with a malformed edge");
  EXPECT_FALSE(world.heads.forked());
}

TEST(HeadExchange, ALateAnswerIsIgnored) {
  HeadWorld world;
  const PeerId id = world.stranger();
  world.announce(id);
  const GrowthReply reply = reply_of(world.publisher, world.sent<Growth>(id).front());
  world.pass(5s);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
  world.pass(600ms);
  ASSERT_EQ(world.sent<Growth>(id).size(), 2U) << "asked again: this answer may come";
  world.answer(id, reply);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.accepted, 0);
  world.answer(id);
  EXPECT_EQ(world.accepted, 1);
}

TEST(HeadExchange, WaitsForAPushThatIsExpectedAndAsksWhenItStaysAway) {
  HeadWorld world;
  world.take_all();
  world.publish();
  world.push_expected = true;
  const PeerId id = world.stranger();
  const PeerId other = world.stranger();
  world.announce(id);
  world.announce(other);
  world.pass(500ms);
  EXPECT_TRUE(world.sent<Growth>(id).empty());
  world.pass(100ms);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
  world.pass(900ms);
  EXPECT_TRUE(world.sent<Growth>(other).empty()) << "one was asked for as much a moment ago";
  world.pass(200ms);
  EXPECT_EQ(world.sent<Growth>(other).size(), 1U);
}

TEST(HeadExchange, AHeadThatAPushBroughtIsNotAskedFor) {
  HeadWorld world;
  world.take_all();
  world.publish();
  world.push_expected = true;
  const PeerId id = world.stranger();
  world.announce(id);
  world.take_all();
  world.pass(2s);
  EXPECT_TRUE(world.sent<Growth>(id).empty());
}

TEST(HeadExchange, PullsAtOnceWhatAPushShouldBring) {
  HeadWorld world;
  world.take_all();
  world.push_expected = true;
  const PeerId id = world.stranger();
  world.announce(id);
  world.heads.pull(id);
  EXPECT_TRUE(world.sent<Growth>(id).empty()) << "its head is no longer than ours";
  world.publish();
  world.announce(id);
  world.heads.pull(id);
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
}

TEST(HeadExchange, TakesAHeartbeat) {
  HeadWorld world;
  world.take_all();
  world.producer.clock.now = world.producer.clock.now + 5000;
  ASSERT_TRUE(world.producer.writer->heartbeat().ok());
  ASSERT_NE(world.reader.head(), world.head());
  const PeerId id = world.stranger();
  world.announce(id);
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.accepted, 1);
  world.announce(id);
  EXPECT_EQ(world.accepted, 1);
  EXPECT_TRUE(world.sent<Growth>(id).empty());
}

TEST(HeadExchange, BlamesForADisputedRunThatTheGrowthDoesNotExplain) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.join();
  world.heads.dispute(id, world.peer(id), "the run");
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.peer(id).disputed);
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U);
  // The peer holds what it announced, and our head has moved with it: its run was a lie.
  world.answer(id);
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.closed(id), "the run");
}

TEST(HeadExchange, BlamesAtOnceForARunOfAPeerThatHasNoLongerHead) {
  HeadWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.heads.dispute(id, world.peer(id), "the run");
  EXPECT_EQ(world.closed(id), "the run");
  HeadWorld empty;
  const PeerId other = empty.join();
  empty.heads.dispute(other, empty.peer(other), "the run");
  EXPECT_EQ(empty.closed(other), "the run") << "without a head of ours there is nothing to compare";
}

TEST(HeadExchange, ADisputeJoinsTheQuestionThatIsOpen) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.stranger();
  world.announce(id);
  world.heads.dispute(id, world.peer(id), "the run");
  EXPECT_EQ(world.sent<Growth>(id).size(), 1U);
  world.answer(id, GrowthReply{world.sent<Growth>(id).front().request, false, 20, 21, {}, {}});
  EXPECT_EQ(world.closed(id), "the run");
}

TEST(HeadExchange, BlamesADisputedPeerThatDoesNotAnswer) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.join();
  world.heads.dispute(id, world.peer(id), "the run");
  world.pass(5s);
  EXPECT_EQ(world.closed(id), "");
  world.pass(100ms);
  EXPECT_EQ(world.closed(id), "the run");
}

TEST(HeadExchange, ADisputeIsAskedAgainWhenOurHeadMovedMeanwhile) {
  HeadWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.join();
  world.heads.dispute(id, world.peer(id), "the run");
  const Growth first = world.sent<Growth>(id).front();
  world.take_all();
  world.publish();
  world.announce(id);
  world.answer(id, reply_of(world.publisher, first));
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.peer(id).disputed);
  ASSERT_EQ(world.sent<Growth>(id).size(), 2U);
  EXPECT_EQ(world.sent<Growth>(id).back().from, 21U);
}

TEST(HeadExchange, KnowsTheNewestHeadThatWasAnnounced) {
  HeadWorld world;
  EXPECT_EQ(world.heads.newest_announced(), std::nullopt);
  const PeerId none = world.stranger();
  EXPECT_EQ(world.heads.newest_announced(), 0U) << "it said that it has none";
  const PeerId id = world.join();
  EXPECT_EQ(world.heads.newest_announced(), 20U);
  world.peer(id).gone = true;
  EXPECT_EQ(world.heads.newest_announced(), 0U);
  world.peer(none).view.answered = false;
  EXPECT_EQ(world.heads.newest_announced(), std::nullopt);
}

TEST(HeadExchange, AQuestionEndsWhenTheNewestAnnouncedHeadIsAccepted) {
  HeadWorld world;
  const PeerId id = world.stranger();
  std::optional<bool> done;
  world.heads.ask(200ms, 10s, [&](bool answered) { done = answered; });
  EXPECT_EQ(world.sent<AskHead>(id).size(), 1U);
  EXPECT_TRUE(world.heads.asking());
  world.announce(id);
  world.pass(1s);
  EXPECT_EQ(done, std::nullopt) << "its head is not accepted here";
  world.answer(id);
  world.pass(100ms);
  world.time.run_for(0s);
  EXPECT_EQ(done, true);
  EXPECT_FALSE(world.heads.asking());
}

TEST(HeadExchange, HeadsAndTheWordThatThereIsNoneAnswerAQuestion) {
  HeadWorld world;
  world.take_all();
  const PeerId knows = world.join();
  const PeerId empty = world.stranger();
  std::optional<bool> done;
  world.heads.ask(0s, 10s, [&](bool answered) { done = answered; });
  world.announce(knows);
  world.pass(1s);
  EXPECT_EQ(done, std::nullopt) << "one has not answered";
  world.heads.on_no_head(empty, world.peer(empty));
  world.pass(100ms);
  world.time.run_for(0s);
  EXPECT_EQ(done, true);
}

TEST(HeadExchange, APeerThatLeavesIsNotWaitedFor) {
  HeadWorld world;
  world.take_all();
  const PeerId id = world.stranger();
  const PeerId gone = world.stranger();
  std::optional<bool> done;
  world.heads.ask(0s, 10s, [&](bool answered) { done = answered; });
  world.announce(id);
  world.time.run_for(0s);
  EXPECT_EQ(done, std::nullopt);
  world.core.peers().erase(gone);
  world.heads.forget(gone);
  world.time.run_for(0s);
  EXPECT_EQ(done, true);
}

TEST(HeadExchange, AFullDiskTakesNoHeadAndRoomTakesIt) {
  HeadWorld world;
  world.disk().error = HeadWorld::full();
  const PeerId id = world.stranger();
  world.announce(id);
  for (int i = 0; i < 100; ++i) {
    world.time.run_for(100ms);
    world.heads.tick();
  }
  EXPECT_TRUE(world.sent<Growth>(id).empty());
  EXPECT_TRUE(world.log.lines.empty());
  world.disk().error.reset();
  world.time.run_for(100ms);
  world.heads.tick();
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U);
  world.heads.on_growth_reply(id, world.peer(id), reply_of(world.publisher, world.sent<Growth>(id).back()));
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.closed(id), "");
}

TEST(HeadExchange, AHeartbeatOnAFullDiskIsLeftAlone) {
  HeadWorld world;
  world.take_all();
  const feed::Checkpoint before = world.head();
  world.producer.clock.now = world.producer.clock.now + 1000;
  ASSERT_TRUE(world.producer.writer->heartbeat().ok());
  world.disk().error = HeadWorld::full();
  const PeerId id = world.stranger();
  world.announce(id);
  EXPECT_EQ(world.reader.head(), before);
  EXPECT_TRUE(world.log.lines.empty());
  EXPECT_EQ(world.closed(id), "");
}

TEST(HeadExchange, AnAnswerThatCannotBeStoredIsNotAskedForAgainAtOnce) {
  HeadWorld world;
  world.disk().error = Error{Code::io, "the disk fails", ""};
  world.disk().knows = false;
  const PeerId id = world.stranger();
  world.announce(id);
  std::size_t answered = 0;
  for (int i = 0; i < 300; ++i) {
    for (std::size_t asked = world.sent<Growth>(id).size(); asked > answered; answered = asked) {
      world.heads.on_growth_reply(id, world.peer(id), reply_of(world.publisher, world.sent<Growth>(id).back()));
    }
    world.time.run_for(100ms);
    world.heads.tick();
  }
  EXPECT_LE(world.sent<Growth>(id).size(), 5U);
  EXPECT_EQ(world.log.lines.size(), 1U);
  EXPECT_EQ(world.closed(id), "");
}

}  // namespace
}  // namespace shoal::replication
