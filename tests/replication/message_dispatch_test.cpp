#include "replication/message_dispatch.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;

struct DispatchWorld : testing::CoreWorld {
  explicit DispatchWorld(bool own = false)
      : CoreWorld(20, 16, own),
        peers(core),
        heads(
            core, [] {}, [] { return false; }),
        fetches(core, heads, peers, {[] {}, [] {}}),
        wants(core, peers),
        requests(core),
        receipts(
            core, [] { return false; },
            [this](PeerId peer, Peer& of, const std::string& what) { heads.dispute(peer, of, what); }),
        monitor(core),
        messages(core, heads, fetches, wants, requests, receipts, monitor) {
    if (!own) take_all();
    id = join();
  }
  void say(Body body) {
    Message message{.body = std::move(body)};
    message.wire_size = encoded_size(message.body);
    messages.dispatch(id, peer(id), message);
  }
  [[nodiscard]] Peer& it() { return peer(id); }
  [[nodiscard]] std::string blame() { return closed(id); }

  CoreTreePeers peers;
  HeadExchange heads;
  FetchCoordinator fetches;
  WantServer wants;
  RequestServer requests;
  ReceiptExchange receipts;
  PeerMonitor monitor;
  MessageDispatch messages;
  PeerId id;
};

TEST(MessageDispatch, APeerBeginsWithItsHead) {
  for (const Body& body : std::vector<Body>{Have{}, Ping{1}, AskHead{}, Want{}, Cancel{1}}) {
    DispatchWorld world;
    world.it().first_head_came = false;
    world.say(body);
    EXPECT_EQ(world.blame(), "it does not begin with its head") << message_name(body);
  }
  for (const Body& body : std::vector<Body>{NoHead{}, Head{DispatchWorld().head()}}) {
    DispatchWorld world;
    world.it().first_head_came = world.it().view.answered = false;
    world.it().view.head.reset();
    world.say(body);
    EXPECT_EQ(world.blame(), "") << message_name(body);
    EXPECT_TRUE(world.it().first_head_came);
    EXPECT_TRUE(world.it().view.answered);
    world.say(AskHead{});
    EXPECT_EQ(world.sent<Head>(world.id).size(), 1U);
  }
}

TEST(MessageDispatch, AForkProofMayComeBeforeTheHeadAndIsNone) {
  DispatchWorld world;
  world.it().first_head_came = false;
  world.say(Fork{Bytes(10, 1)});
  EXPECT_EQ(world.blame(), "a fork proof that is none");
  EXPECT_FALSE(world.it().first_head_came);
}

TEST(MessageDispatch, BlocksOfAnOwnFeedAreALie) {
  Data data;
  data.want = 1;
  for (const Body& body : std::vector<Body>{data, Push{}, Piece{}}) {
    DispatchWorld own(true);
    own.say(body);
    EXPECT_EQ(own.blame(), "blocks of our own feed") << message_name(body);
    DispatchWorld mirror;
    mirror.say(body);
    EXPECT_EQ(mirror.blame(), "data that nobody asked for") << message_name(body);
  }
}

TEST(MessageDispatch, RequestsAreAnswered) {
  DispatchWorld world;
  world.say(Ping{7});
  world.say(Growth{8, 10, 20});
  world.say(TopicStateRequest{9, "t", 0, 2});
  world.say(Lookup{10, stream("t"), LookupBy::offset, 3});
  ASSERT_EQ(world.sent<Pong>(world.id).size(), 1U);
  EXPECT_EQ(world.sent<Pong>(world.id).front().nonce, 7U);
  ASSERT_EQ(world.sent<GrowthReply>(world.id).size(), 1U);
  EXPECT_TRUE(world.sent<GrowthReply>(world.id).front().held);
  ASSERT_EQ(world.sent<TopicStateReply>(world.id).size(), 1U);
  EXPECT_EQ(world.sent<TopicStateReply>(world.id).front().answer, TopicAnswer::entries);
  ASSERT_EQ(world.sent<LookupReply>(world.id).size(), 1U);
  EXPECT_EQ(world.sent<LookupReply>(world.id).front().block, BlockIndex{3});
}

TEST(MessageDispatch, AWantIsServedUntilItIsCancelled) {
  DispatchWorld world;
  Want want;
  want.want = 5;
  want.tree_size = want.end = 20;
  world.say(want);
  EXPECT_TRUE(world.outbox(world.id).sent.empty()) << "no credit yet";
  world.say(Credit{5, 1 << 20, false});
  EXPECT_EQ(world.sent<WantEnd>(world.id).size(), 1U);
  want.want = 6;
  world.say(want);
  world.say(Cancel{6});
  world.say(Credit{6, 1 << 20, false});
  EXPECT_EQ(world.sent<WantEnd>(world.id).size(), 1U);
}

TEST(MessageDispatch, AnswersToNoQuestionAreLies) {
  const std::vector<std::pair<Body, std::string>> lies{
      {Pong{1}, "a pong to no ping"},
      {GrowthReply{}, "a growth reply to no question"},
      {TopicStateReply{}, "a topic state to no question"},
      {LookupReply{}, "a look-up's answer to no question"},
      {WantEnd{}, "data that nobody asked for"},
      {ReceiptMessage{ReceiptPurpose::given, {}}, "a receipt that nobody asked for"}};
  for (const auto& [body, what] : lies) {
    DispatchWorld world;
    world.say(body);
    EXPECT_EQ(world.blame(), what) << message_name(body);
  }
}

TEST(MessageDispatch, WhatAPeerHoldsIsKept) {
  DispatchWorld world;
  Have have;
  have.ranges = {{BlockIndex{2}, BlockIndex{5}}};
  world.say(have);
  EXPECT_FALSE(world.it().have.complete);
  EXPECT_TRUE(world.it().held.contains(2, 5));
}

TEST(MessageDispatch, AHeadIsPlannedFor) {
  DispatchWorld world;
  Follow follow;
  follow.live = false;
  follow.until = 20;
  world.fetches.follow(follow);
  world.time.run_for(0s);
  world.events.synced.clear();
  world.publish();
  world.say(Head{world.head()});
  EXPECT_EQ(world.sent<Growth>(world.id).size(), 1U);
  EXPECT_EQ(world.it().view.head, world.head());
}

TEST(MessageDispatch, BlocksArePlannedForWhenAPeerSaysTheHeadThatWeHave) {
  DispatchWorld world;
  world.publish(3);
  world.take_head();
  world.it().view.head.reset();
  Follow follow;
  follow.live = false;
  follow.until = 23;
  world.fetches.follow(follow);
  world.time.run_for(0s);
  EXPECT_TRUE(world.sent<Want>(world.id).empty());
  world.say(Head{world.head()});
  world.time.run_for(0s);
  EXPECT_FALSE(world.sent<Want>(world.id).empty());
}

TEST(MessageDispatch, AHeadThatGoesBackToNoneIsALie) {
  DispatchWorld world;
  world.say(NoHead{});
  EXPECT_EQ(world.blame(), "its head went back to none");
}

TEST(MessageDispatch, MessagesOfTheSessionAreIgnored) {
  DispatchWorld world;
  for (const Body& body : std::vector<Body>{Unknown{}, Open{}, Identity{}, Close{}}) world.say(body);
  EXPECT_EQ(world.blame(), "");
  EXPECT_TRUE(world.outbox(world.id).sent.empty());
}

}  // namespace
}  // namespace shoal::replication
