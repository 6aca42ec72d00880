// An answer to a question that was given up is late, however many questions others left unanswered meanwhile; an answer
// to another peer's question is a lie.
#include "replication/fetch/fetch_world.h"
#include "replication/fetch/offset_fetches.h"
#include "replication/heads/head_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using testing::CoreWorld;
using testing::FetchWorld;
using testing::HeadWorld;
using testing::reply_of;

TEST(LateAnswers, OfGrowth) {
  HeadWorld world;
  const PeerId slow = world.stranger();
  world.announce(slow);
  const Growth question = world.sent<Growth>(slow).back();
  world.pass(6s);
  for (int i = 0; i < 10; ++i) {
    for (int n = 0; n < 30; ++n) {
      const PeerId other = world.stranger();
      world.announce(other);
    }
    world.pass(6s);
  }
  world.heads.on_growth_reply(slow, world.peer(slow), reply_of(world.publisher, question));
  EXPECT_EQ(world.closed(slow), "");
  // A name of another peer's question was never given to this one.
  const PeerId thief = world.stranger();
  world.heads.on_growth_reply(thief, world.peer(thief), reply_of(world.publisher, question));
  EXPECT_NE(world.closed(thief), "");
}

/// A reader with the head and no blocks, which looks offsets up.
struct LookupWorld : CoreWorld {
  LookupWorld()
      : CoreWorld(20),
        heads(
            core, [] {}, [] { return false; }),
        topics(core, heads),
        fetcher(core, heads, hooks()),
        offsets(core, fetcher, topics) {
    take_head();
  }
  static BlockFetcher::Hooks hooks() {
    return {[](const FetchWant&, const Data&) {}, [](const FetchWant&, BlockIndex) {},
            [](const FetchWant&, std::optional<EndReason>) {}, [] {}, [](const FetchWant&) { return true; }};
  }
  TopicStateReply state_for(const TopicStateRequest& request) {
    TopicStateReply reply;
    reply.request = request.request;
    reply.answer = TopicAnswer::entries;
    reply.head = head();
    reply.first = 1;
    const auto proven = publisher.topic_entry(1).value();
    reply.entries.push_back({proven.entry, proven.path});
    return reply;
  }
  void pass(base::MonoTime to_pass) {
    for (; to_pass > 0s; to_pass -= 100ms) {
      time.run_for(100ms);
      topics.tick();
      offsets.tick();
    }
  }
  HeadExchange heads;
  TopicExchange topics;
  BlockFetcher fetcher;
  OffsetFetches offsets;
};

TEST(LateAnswers, OfTopicState) {
  LookupWorld world;
  const PeerId slow = world.join();
  world.topics.fetch("t", 60s, [](const Result<void>&) {});
  ASSERT_EQ(world.sent<TopicStateRequest>(slow).size(), 1U);
  const TopicStateReply answer = world.state_for(world.sent<TopicStateRequest>(slow).front());
  world.pass(6s);
  const PeerId other = world.join();
  world.peer(slow).disputed = true;  // asked for nothing else
  for (int i = 0; i < 300; ++i) {
    world.topics.fetch("x" + std::to_string(i), 60s, [](const Result<void>&) {});
  }
  // As many as one peer is asked at a time, given up, and the next.
  for (int i = 0; i < 5; ++i) world.pass(6s);
  ASSERT_GE(world.sent<TopicStateRequest>(other).size(), 300U);
  world.topics.on_reply(slow, world.peer(slow), answer);
  EXPECT_EQ(world.closed(slow), "");
  world.topics.on_reply(other, world.peer(other), answer);
  EXPECT_NE(world.closed(other), "");
}

TEST(LateAnswers, OfLookups) {
  LookupWorld world;
  const PeerId slow = world.join();
  world.topics.fetch("t", 60s, [](const Result<void>&) {});
  world.topics.on_reply(slow, world.peer(slow), world.state_for(world.sent<TopicStateRequest>(slow).front()));
  const auto give_up = [&](PeerId) {
    const FetchId id =
        world.offsets.start(feed::testing::stream("t"), Offset{7}, 60s, [](const Result<BlockIndex>&) {});
    world.offsets.cancel(id);
  };
  give_up(slow);
  ASSERT_EQ(world.sent<Lookup>(slow).size(), 1U);
  const std::uint64_t name = world.sent<Lookup>(slow).front().request;
  world.peer(slow).slow_until = world.core.now() + 60s;
  const PeerId other = world.join();
  for (int i = 0; i < 600; ++i) give_up(other);
  ASSERT_GE(world.sent<Lookup>(other).size(), 500U);
  world.time.run_for(1s);
  world.offsets.on_lookup_reply(slow, world.peer(slow), {name, BlockIndex{7}});
  EXPECT_EQ(world.closed(slow), "");
  world.offsets.on_lookup_reply(other, world.peer(other), {name, BlockIndex{7}});
  EXPECT_NE(world.closed(other), "");
}

TEST(LateAnswers, OfWants) {
  FetchWorld world;
  world.take_head();
  const PeerId slow = world.join();
  const std::uint64_t name = world.fetcher.ask(world.blocks(slow, 0, 20));
  const Data run = world.first_run(slow);
  world.fetcher.cancel(name);
  const PeerId other = world.join();
  for (int i = 0; i < 1500; ++i) world.fetcher.cancel(world.fetcher.ask(world.blocks(other, 0, 20)));
  world.give(slow, run);
  EXPECT_EQ(world.closed(slow), "");
  world.give(other, run);
  EXPECT_EQ(world.closed(other), "data that nobody asked for");
}

TEST(LateAnswers, AreBoundedAndGoWithThePeer) {
  GivenUp names;
  for (std::uint64_t i = 1; i <= GivenUp::kMost + 1; ++i) names.add(i);
  EXPECT_FALSE(names.contains(1));
  EXPECT_TRUE(names.contains(2));
  EXPECT_TRUE(names.contains(GivenUp::kMost + 1));
}

TEST(OwnerFaults, AHintBetweenOurHeadAndThePeersIsNoLie) {
  LookupWorld world;
  const PeerId id = world.join();
  world.topics.fetch("t", 60s, [](const Result<void>&) {});
  world.topics.on_reply(id, world.peer(id), world.state_for(world.sent<TopicStateRequest>(id).front()));
  world.peer(id).view.head->tree_size += 5;  // it is ahead of us
  world.offsets.start(feed::testing::stream("t"), Offset{7}, 60s, [](const Result<BlockIndex>&) {});
  ASSERT_EQ(world.sent<Lookup>(id).size(), 1U);
  world.offsets.on_lookup_reply(id, world.peer(id), {world.sent<Lookup>(id).back().request, BlockIndex{22}});
  EXPECT_EQ(world.closed(id), "") << "the owner may have given the offset twice";
  const PeerId other = world.join();
  world.offsets.start(feed::testing::stream("t"), Offset{7}, 60s, [](const Result<BlockIndex>&) {});
  world.peer(id).slow_until = world.core.now() + 60s;
  world.time.run_for(100ms);
  world.offsets.resume();
  ASSERT_GE(world.sent<Lookup>(other).size(), 1U);
  world.offsets.on_lookup_reply(other, world.peer(other), {world.sent<Lookup>(other).back().request, BlockIndex{20}});
  EXPECT_EQ(world.closed(other), "a look-up that points beyond the tree");
}

}  // namespace
}  // namespace shoal::replication
