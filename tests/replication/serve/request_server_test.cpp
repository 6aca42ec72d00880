#include "replication/serve/request_server.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using testing::wire_size;

/// A mirror with everything of a feed of 20 blocks, and one peer that asks.
struct RequestWorld : testing::CoreWorld {
  explicit RequestWorld(std::uint64_t blocks = 20) : CoreWorld(blocks), server(core), id(join()) {}
  void ask(Body body) { server.on_request(id, peer(id), std::move(body)); }
  /// The only answer to the request.
  template <class Reply>
  Reply answer(Body body) {
    outbox(id).sent.clear();
    ask(std::move(body));
    const std::vector<Reply> all = sent<Reply>(id);
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(outbox(id).sent.size(), 1U);
    return all.empty() ? Reply{} : all.front();
  }
  RequestServer server;
  PeerId id;
};

TEST(RequestServer, KnowsWhichMessagesAreRequests) {
  for (const Body& body : std::vector<Body>{Growth{}, Lookup{}, TopicStateRequest{}, Ping{}}) {
    EXPECT_TRUE(RequestServer::answers(body)) << message_name(body);
  }
  for (const Body& body : std::vector<Body>{Pong{}, GrowthReply{}, Want{}, AskHead{}}) {
    EXPECT_FALSE(RequestServer::answers(body)) << message_name(body);
  }
}

TEST(RequestServer, ShowsHowTheTreeGrew) {
  RequestWorld world;
  world.take_all();
  for (const std::pair<std::uint64_t, std::uint64_t> sizes : {std::pair{10, 20}, {0, 20}, {0, 7}, {20, 20}}) {
    const auto [from, to] = sizes;
    const auto reply = world.answer<GrowthReply>(Growth{8, from, to});
    EXPECT_EQ(reply.request, 8U);
    EXPECT_EQ(reply.from, from);
    EXPECT_EQ(reply.to, to);
    EXPECT_TRUE(reply.held);
    EXPECT_EQ(reply.edge, *world.publisher.tree().read(merkle::cover(0, from)));
    EXPECT_EQ(reply.cover, *merkle::build_cover(world.publisher.tree(), from, to, {}));
  }
}

TEST(RequestServer, GrowthThatIsNotHereIsNotHeld) {
  const auto expect_not_held = [](RequestWorld& world, const Growth& growth) {
    const auto reply = world.answer<GrowthReply>(growth);
    EXPECT_FALSE(reply.held);
    EXPECT_TRUE(reply.edge.empty() && reply.cover.empty());
    EXPECT_EQ(reply.from, growth.from);
    EXPECT_EQ(reply.to, growth.to);
  };
  RequestWorld empty;
  expect_not_held(empty, {1, 0, 20});
  ASSERT_TRUE(empty.follower.mirror->accept(empty.head(), 0, {}, {}).ok());
  expect_not_held(empty, {1, 0, 20});  // a head without the tree below it
  expect_not_held(empty, {1, 20, 20});
  RequestWorld world;
  world.take_all();
  expect_not_held(world, {1, 10, 9});
  expect_not_held(world, {1, 10, 21});
}

TEST(RequestServer, LooksUpAnOffsetAndATime) {
  RequestWorld world;
  world.take_all();
  const auto found = world.answer<LookupReply>(Lookup{9, stream("t"), LookupBy::offset, 3});
  EXPECT_EQ(found.request, 9U);
  EXPECT_EQ(found.block, BlockIndex{3});
  // The record of block i has time i + 1.
  EXPECT_EQ(world.answer<LookupReply>(Lookup{9, stream("t"), LookupBy::time, 3}).block, BlockIndex{2});
  EXPECT_EQ(world.answer<LookupReply>(Lookup{9, stream("t"), LookupBy::offset, 20}).block, std::nullopt);
  EXPECT_EQ(world.answer<LookupReply>(Lookup{9, stream("other"), LookupBy::offset, 0}).block, std::nullopt);
}

/// Topics a (three partitions), b and c; position 0 of the topic state is the manifest's.
struct TopicWorld : RequestWorld {
  TopicWorld() : RequestWorld(0) {
    EXPECT_TRUE(producer.writer->commit_manifest({.topics = {{"a", 3, "", ""}}}).ok());
    for (const char* topic : {"b", "c"}) publish(1, topic);
    take_all();
  }
  TopicStateReply entries(const std::string& topic, std::uint32_t from, std::uint32_t count) {
    return answer<TopicStateReply>(TopicStateRequest{4, topic, from, count});
  }
};

TEST(RequestServer, ReadsTopicStateFromAPositionOn) {
  TopicWorld world;
  const TopicStateReply two = world.entries("", 1, 2);
  EXPECT_EQ(two.request, 4U);
  EXPECT_EQ(two.answer, TopicAnswer::entries);
  EXPECT_EQ(two.head, world.head());
  EXPECT_EQ(two.first, 1U);
  ASSERT_EQ(two.entries.size(), 2U);
  EXPECT_EQ(two.entries[0].entry.stream, stream("a", 0));
  EXPECT_EQ(two.entries[1].entry.stream, stream("a", 1));
  const feed::Checkpoint head = world.head();
  EXPECT_TRUE(
      feed::verify_topic_entry(two.entries[1].entry, 2, head.topic_count, head.topic_root, two.entries[1].path).ok());
  EXPECT_EQ(world.entries("", 0, 100).entries.size(), 6U) << "all";
  EXPECT_EQ(world.entries("", 5, 100).entries.size(), 1U) << "the last";
  EXPECT_EQ(world.entries("", 0, 0).answer, TopicAnswer::not_held);
}

TEST(RequestServer, FindsATopicByItsFirstPartition) {
  TopicWorld world;
  for (int again = 0; again < 2; ++again) {
    const TopicStateReply b = world.entries("b", 0, 2);
    EXPECT_EQ(b.answer, TopicAnswer::entries);
    EXPECT_EQ(b.first, 4U);
    ASSERT_EQ(b.entries.size(), 2U);
    EXPECT_EQ(b.entries[0].entry.stream, stream("b"));
    EXPECT_EQ(world.entries("a", 0, 2).first, 1U);
    EXPECT_EQ(world.entries("a", 1, 2).first, 2U);
  }
  EXPECT_EQ(world.entries("d", 0, 2).answer, TopicAnswer::unknown_topic);
  EXPECT_EQ(world.entries("d", 0, 2).head, world.head());
  world.publish(1, "d");
  world.take_all();
  EXPECT_EQ(world.entries("d", 0, 2).first, 6U) << "a topic that came later";
}

/// An asker bans who denies a topic that another peer shows.
TEST(RequestServer, WhoHoldsSomeTopicsOnlyDeniesNone) {
  RequestWorld world(0);
  for (const char* topic : {"a", "b", "c"}) world.publish(1, topic);
  world.take_head();
  const auto ask = [&](const char* topic) {
    return world.answer<TopicStateReply>(TopicStateRequest{4, topic, 0, 1}).answer;
  };
  EXPECT_EQ(ask("c"), TopicAnswer::not_held);
  for (std::uint32_t position = 0; position < world.head().topic_count; ++position) {
    EXPECT_EQ(ask("nothing"), TopicAnswer::not_held) << position << " are known";
    const auto proven = world.publisher.topic_entry(position).value();
    ASSERT_TRUE(world.follower.mirror->add_topic_entry(proven.entry, position, proven.path).ok());
  }
  EXPECT_EQ(ask("c"), TopicAnswer::entries);
  EXPECT_EQ(ask("nothing"), TopicAnswer::unknown_topic);
}

TEST(RequestServer, NothingStandsBehindTheLastEntry) {
  TopicWorld world;
  const TopicStateReply behind = world.entries("", 6, 2);
  EXPECT_EQ(behind.answer, TopicAnswer::unknown_topic);
  EXPECT_EQ(behind.request, 4U);
  EXPECT_EQ(behind.head, world.head());
  EXPECT_TRUE(behind.entries.empty());
  EXPECT_EQ(world.entries("c", 1, 2).answer, TopicAnswer::unknown_topic);
}

TEST(RequestServer, WithoutAHeadNoTopicStateIsHeld) {
  RequestWorld world;
  const auto reply = world.answer<TopicStateReply>(TopicStateRequest{4, "", 0, 2});
  EXPECT_EQ(reply.answer, TopicAnswer::not_held);
  EXPECT_EQ(reply.request, 4U);
}

TEST(RequestServer, EntriesThatAreNotLearnedAreNotHeld) {
  RequestWorld world;
  world.take_head();
  const auto reply = world.answer<TopicStateReply>(TopicStateRequest{4, "", 1, 2});
  EXPECT_EQ(reply.answer, TopicAnswer::not_held);
  EXPECT_EQ(reply.request, 4U);
}

TEST(RequestServer, EntriesFillOneMessageAtMost) {
  RequestWorld world(0);
  ASSERT_TRUE(world.producer.writer->commit_manifest({.topics = {{std::string(200, 'a'), 300, "", ""}}}).ok());
  world.take_all();
  const auto reply = world.answer<TopicStateReply>(TopicStateRequest{4, "", 1, 300});
  ASSERT_FALSE(reply.entries.empty());
  const std::size_t one = (wire_size(reply) - wire_size(TopicStateReply{})) / reply.entries.size();
  EXPECT_LE(wire_size(reply), kMaxPlainMessage);
  EXPECT_GT(wire_size(reply) + 2 * one, kMaxPlainMessage) << "and as many as fit";
}

TEST(RequestServer, RequestsBeyondTheBudgetWait) {
  RequestWorld world;
  for (std::uint64_t i = 1; i <= 210; ++i) world.ask(Ping{i});
  EXPECT_EQ(world.sent<Pong>(world.id).size(), 200U);
  world.time.run_for(250ms);
  world.server.pump(world.id, world.peer(world.id));
  ASSERT_EQ(world.sent<Pong>(world.id).size(), 205U);
  for (std::uint64_t i = 0; i < 205; ++i) EXPECT_EQ(world.sent<Pong>(world.id)[i].nonce, i + 1) << "in order";
}

TEST(RequestServer, RequestsWaitWhileThePeerDoesNotReadTheAnswers) {
  RequestWorld world;
  world.outbox(world.id).waiting = RequestServer::kQueueLimit;
  world.ask(Ping{1});
  world.ask(Ping{2});
  EXPECT_TRUE(world.outbox(world.id).sent.empty());
  world.outbox(world.id).waiting = RequestServer::kQueueLimit - 1;
  world.server.pump(world.id, world.peer(world.id));
  EXPECT_EQ(world.sent<Pong>(world.id).size(), 2U);
}

TEST(RequestServer, APeerWithTooManyWaitingRequestsIsDisconnectedAsAFlood) {
  RequestWorld world;
  world.outbox(world.id).waiting = RequestServer::kQueueLimit;
  for (std::uint64_t i = 1; i <= RequestServer::kMaxWaiting; ++i) world.ask(Ping{i});
  EXPECT_EQ(world.closed(world.id), "");
  world.ask(Ping{1000});
  EXPECT_EQ(world.closed(world.id), "asks more than it reads or may ask");
  world.time.run_for(0s);
  EXPECT_EQ(world.events.floods.size(), 1U);
  EXPECT_TRUE(world.events.blames.empty());
}

TEST(RequestServer, APeerThatIsGoneIsNotAnsweredAndSpendsNoBudget) {
  RequestWorld world;
  world.outbox(world.id).waiting = RequestServer::kQueueLimit;
  world.ask(Ping{1});
  world.outbox(world.id).waiting = 0;
  world.peer(world.id).gone = true;
  world.server.pump(world.id, world.peer(world.id));
  world.peer(world.id).gone = false;
  world.server.pump(world.id, world.peer(world.id));
  EXPECT_EQ(world.sent<Pong>(world.id).size(), 1U) << "it still waited";
}

TEST(RequestServer, RequestsOfAPeerThatLeftAreForgotten) {
  RequestWorld world;
  world.outbox(world.id).waiting = RequestServer::kQueueLimit;
  world.ask(Ping{1});
  world.server.forget(world.id);
  world.outbox(world.id).waiting = 0;
  world.server.pump(world.id, world.peer(world.id));
  EXPECT_TRUE(world.outbox(world.id).sent.empty());
}

TEST(RequestServer, GrowthOfAllPeersTogetherIsBoundedAndEachHasItsShare) {
  RequestWorld world;
  std::size_t answered = 0;
  for (int i = 0; i < 2; ++i) {
    const PeerId greedy = world.join();
    for (std::uint64_t name = 1; name <= 2000; ++name) {
      world.server.on_request(greedy, world.peer(greedy), Growth{name, 0, 1});
    }
    answered += world.sent<GrowthReply>(greedy).size();
  }
  EXPECT_EQ(answered, 3'000U + 2 * 20);
  const PeerId honest = world.join();
  for (std::uint64_t name = 1; name <= 20; ++name) {
    world.server.on_request(honest, world.peer(honest), Growth{name, 0, 1});
  }
  EXPECT_EQ(world.sent<GrowthReply>(honest).size(), 20U);
  world.server.on_request(honest, world.peer(honest), Growth{21, 0, 1});
  EXPECT_EQ(world.sent<GrowthReply>(honest).size(), 20U);
  world.time.run_for(1s);
  world.server.pump(honest, world.peer(honest));
  EXPECT_EQ(world.sent<GrowthReply>(honest).size(), 21U) << "it waited";
}

}  // namespace
}  // namespace shoal::replication
