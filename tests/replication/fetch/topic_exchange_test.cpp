#include "replication/fetch/topic_exchange.h"

#include "merkle/subtree_cover.h"
#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;

/// A reader with the head and no blocks of a feed with the topics a (three partitions), b and c. Position 0 of the
/// topic state is the manifest's, so the six entries are: manifest, a/0, a/1, a/2, b, c.
struct TopicWorld : testing::CoreWorld {
  TopicWorld()
      : CoreWorld(0),
        heads(
            core, [] {}, [] { return false; }),
        topics(core, heads) {
    EXPECT_TRUE(producer.writer->commit_manifest({.topics = {{"a", 3, "", ""}}}).ok());
    for (const char* topic : {"a", "b", "c"}) publish(1, topic);
  }
  void fetch(const std::string& topic, base::MonoTime timeout = 60s) {
    topics.fetch(topic, timeout, [this](const Result<void>& result) {
      results.push_back(result.ok() ? Code::cancelled : result.error().code);
    });
  }
  std::vector<TopicStateRequest> asked(PeerId id) { return sent<TopicStateRequest>(id); }
  /// An honest answer to the newest question; at most `most` entries.
  TopicStateReply honest(PeerId id, std::size_t most = 100) {
    const TopicStateRequest request = asked(id).back();
    TopicStateReply reply;
    reply.request = request.request;
    reply.head = head();
    const auto position = request.topic.empty() ? std::optional<std::uint32_t>(0) : place(request.topic);
    if (!position) {
      reply.answer = TopicAnswer::unknown_topic;
      return reply;
    }
    reply.answer = TopicAnswer::entries;
    reply.first = *position + request.from;
    for (std::uint32_t at = reply.first; at < reply.head.topic_count && reply.entries.size() < request.count; ++at) {
      if (reply.entries.size() == most) break;
      const auto proven = publisher.topic_entry(at).value();
      reply.entries.push_back({proven.entry, proven.path});
    }
    return reply;
  }
  std::optional<std::uint32_t> place(const std::string& topic) { return publisher.topic_position(stream(topic)); }
  void answer(PeerId id, const TopicStateReply& reply) {
    topics.on_reply(id, peer(id), reply);
    time.run_for(0s);
  }
  void answer(PeerId id) { answer(id, honest(id)); }
  void deny(PeerId id) {
    TopicStateReply reply;
    reply.request = asked(id).back().request;
    reply.answer = TopicAnswer::unknown_topic;
    reply.head = head();
    answer(id, reply);
  }
  void say_not_held(PeerId id) { answer(id, {.request = asked(id).back().request}); }
  /// What a peer is blamed for that answers a question for `topic` with a changed reply.
  std::string blamed(const std::string& topic, const std::function<void(TopicStateReply&)>& change) {
    const PeerId id = join();
    fetch(topic);
    TopicStateReply reply = honest(id);
    change(reply);
    answer(id, reply);
    const std::string what = closed(id);
    core.peers().erase(id);
    topics.forget(id);
    for (int i = 0; i < 700; ++i) {
      time.run_for(100ms);
      topics.tick();
    }
    return what;
  }

  HeadExchange heads;
  TopicExchange topics;
  std::vector<Code> results;  ///< of fetches; Code::cancelled stands for success
};

constexpr Code kDone = Code::cancelled;

TEST(TopicExchange, LearnsOneTopicFromItAndItsNeighbour) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b");
  EXPECT_TRUE(world.topics.busy());
  ASSERT_EQ(world.asked(id).size(), 1U);
  EXPECT_EQ(world.asked(id).front().topic, "b");
  EXPECT_EQ(world.asked(id).front().from, 0U);
  EXPECT_EQ(world.asked(id).front().count, 2U);
  EXPECT_EQ(world.topics.known("b"), nullptr);
  EXPECT_FALSE(world.topics.is_fresh("b"));
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_FALSE(world.topics.busy());
  ASSERT_NE(world.topics.known("b"), nullptr);
  EXPECT_EQ(world.topics.known("b")->head, world.head());
  ASSERT_EQ(world.topics.known("b")->entries.size(), 1U);
  EXPECT_EQ(world.topics.known("b")->entries[0].next_offset, Offset{1});
  EXPECT_TRUE(world.topics.is_fresh("b"));
  EXPECT_EQ(world.topics.known("a"), nullptr) << "of others nothing is known";
  EXPECT_TRUE(world.reader.topic_entry(4).ok()) << "the log keeps the proven entry";
}

TEST(TopicExchange, ReadsATopicOfSeveralPartitionsPageByPage) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("a");
  world.answer(id);
  ASSERT_EQ(world.asked(id).size(), 2U);
  EXPECT_EQ(world.asked(id)[1].topic, "") << "the place is known now";
  EXPECT_EQ(world.asked(id)[1].from, 3U);
  EXPECT_TRUE(world.results.empty());
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.topics.known("a")->entries.size(), 3U);
}

TEST(TopicExchange, TheLastTopicEndsWithTheSignedCount) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("c");
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.topics.known("c")->entries.size(), 1U);
}

TEST(TopicExchange, ListsAllTopicsAndKnowsThenWhichAreAbsent) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("");
  EXPECT_EQ(world.asked(id).front().topic, "");
  EXPECT_EQ(world.asked(id).front().from, 0U);
  EXPECT_EQ(world.asked(id).front().count, 256U);
  world.answer(id, world.honest(id, 2));
  ASSERT_EQ(world.asked(id).size(), 2U);
  EXPECT_EQ(world.asked(id)[1].from, 2U);
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.topics.known("a")->entries.size(), 3U);
  EXPECT_EQ(world.topics.known("c")->entries.size(), 1U);
  EXPECT_EQ(world.topics.known("c")->head, world.head());
  ASSERT_NE(world.topics.known("d"), nullptr);
  EXPECT_TRUE(world.topics.known("d")->entries.empty());
  EXPECT_TRUE(world.topics.is_fresh("d"));
}

TEST(TopicExchange, ATopicThatAPeerDeniesIsAbsentOnlyWhenNoEntryHasIt) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("d");
  world.answer(id);
  EXPECT_TRUE(world.results.empty());
  ASSERT_EQ(world.asked(id).size(), 2U);
  EXPECT_EQ(world.asked(id)[1].topic, "");
  EXPECT_EQ(world.asked(id)[1].from, 0U);
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.closed(id), "");
  ASSERT_NE(world.topics.known("d"), nullptr);
  EXPECT_TRUE(world.topics.known("d")->entries.empty());
}

TEST(TopicExchange, BlamesThePeerThatDeniedATopicOfTheHead) {
  TopicWorld world;
  world.take_head();
  const PeerId liar = world.join();
  world.fetch("b");
  world.deny(liar);
  const PeerId honest = world.join();
  world.say_not_held(liar);
  ASSERT_EQ(world.asked(honest).size(), 1U);
  world.answer(honest);
  EXPECT_EQ(world.closed(liar), "it denied a topic that the head signs");
  EXPECT_EQ(world.closed(honest), "");
  EXPECT_EQ(world.topics.known("b")->entries.size(), 1U);
}

TEST(TopicExchange, BlamesForADenialInsideTheSignedCount) {
  const std::string what = "a topic state that ends before its signed count";
  TopicWorld all;
  all.take_head();
  const PeerId of_all = all.join();
  all.fetch("");
  all.deny(of_all);
  EXPECT_EQ(all.closed(of_all), what);
  TopicWorld page;
  page.take_head();
  const PeerId of_page = page.join();
  page.fetch("a");
  page.answer(of_page);
  page.deny(of_page);
  EXPECT_EQ(page.closed(of_page), what);
  TopicWorld world;
  world.take_head();
  EXPECT_EQ(world.blamed("b", [](TopicStateReply& reply) { reply.answer = TopicAnswer::unknown_topic; }), what);
}

TEST(TopicExchange, BlamesForEntriesThatCannotBe) {
  TopicWorld world;
  world.take_head();
  const auto blamed = [&](const std::string& topic, const std::function<void(TopicStateReply&)>& change) {
    return world.blamed(topic, change);
  };
  EXPECT_EQ(blamed("b", [](TopicStateReply& reply) { reply.entries.clear(); }), "a topic state without entries");
  EXPECT_EQ(blamed("", [](TopicStateReply& reply) { reply.first = 1; }), "a topic state from another place");
  const std::string beyond = "more topic-state entries than the head signs";
  EXPECT_EQ(blamed("b", [](TopicStateReply& reply) { reply.first = 6; }), beyond);
  EXPECT_EQ(blamed("b", [](TopicStateReply& reply) { reply.first = 5; }), beyond);
  const std::string other = "the topic state of another topic";
  EXPECT_EQ(blamed("b", [](TopicStateReply& reply) { reply.entries.erase(reply.entries.begin()); }), other);
  EXPECT_EQ(blamed("a",
                   [](TopicStateReply& reply) {
                     reply.entries.erase(reply.entries.begin());
                     reply.first += 1;
                   }),
            other)
      << "it does not begin with the first partition";
  const std::string unproven = "a topic-state entry does not prove";
  EXPECT_TRUE(blamed("b", [](TopicStateReply& reply) {
                reply.entries[0].entry.next_offset = Offset{2};
              }).starts_with(unproven));
  EXPECT_TRUE(
      blamed("b", [](TopicStateReply& reply) { reply.entries[1].path[0].bytes[0] ^= 1; }).starts_with(unproven));
  EXPECT_EQ(world.topics.known("b"), nullptr);
}

TEST(TopicExchange, BlamesForAPageFromAnotherPlace) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("a");
  world.answer(id);
  TopicStateReply reply = world.honest(id);
  reply.first -= 1;
  world.answer(id, reply);
  EXPECT_EQ(world.closed(id), "a topic state from another place");
}

TEST(TopicExchange, BlamesForAHeadThatIsNotSigned) {
  TopicWorld world;
  world.take_head();
  EXPECT_TRUE(world.blamed("b", [](TopicStateReply& reply) { reply.head.time = reply.head.time + 1; })
                  .starts_with("a head that the feed's key did not sign"));
}

TEST(TopicExchange, AfterALieAnotherPeerIsAsked) {
  TopicWorld world;
  world.take_head();
  const PeerId liar = world.join();
  world.fetch("b");
  const PeerId next = world.join();
  TopicStateReply bad = world.honest(liar);
  bad.entries.clear();
  world.answer(liar, bad);
  ASSERT_EQ(world.asked(next).size(), 1U);
  bad = world.honest(next);
  bad.head.time = bad.head.time + 1;
  const PeerId third = world.join();
  world.answer(next, bad);
  ASSERT_EQ(world.asked(third).size(), 1U);
  world.answer(third);
  EXPECT_EQ(world.results, std::vector{kDone});
}

TEST(TopicExchange, BlamesForAnAnswerToNoQuestion) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.fetch("b");
  world.answer(other, world.honest(id));
  EXPECT_EQ(world.closed(other), "a topic state to no question") << "it was asked of another peer";
  TopicStateReply reply = world.honest(id);
  reply.request += 1;
  world.answer(id, reply);
  EXPECT_EQ(world.closed(id), "a topic state to no question");
}

TEST(TopicExchange, APeerThatDoesNotHoldItIsNotAskedAgainUnderThisHead) {
  TopicWorld world;
  world.take_head();
  const PeerId first = world.join();
  world.fetch("b");
  world.say_not_held(first);
  world.topics.resume();
  EXPECT_EQ(world.asked(first).size(), 1U);
  const PeerId second = world.join();
  world.topics.resume();
  EXPECT_EQ(world.asked(second).size(), 1U);
  world.say_not_held(second);
  world.publish(1, "c");
  for (const PeerId id : {first, second}) world.peer(id).view.head = world.head();
  const auto growth = merkle::build_cover(world.publisher.tree(), 4, 5, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 4, {}, *growth).ok());
  world.topics.resume();
  EXPECT_EQ(world.asked(first).size(), 2U) << "the head is another one";
}

TEST(TopicExchange, StartsAnewWhenTheHeadMoves) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("a");
  world.answer(id);
  const TopicStateReply second_page = world.honest(id);
  world.publish(1, "c");
  world.peer(id).view.head = world.head();
  const auto growth = merkle::build_cover(world.publisher.tree(), 4, 5, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 4, {}, *growth).ok());
  TopicStateReply newer = world.honest(id);
  world.answer(id, newer);
  ASSERT_EQ(world.asked(id).size(), 3U) << "pages of two heads make no topic state";
  EXPECT_EQ(world.asked(id)[2].topic, "a");
  EXPECT_EQ(world.asked(id)[2].from, 0U);
  world.answer(id);
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.topics.known("a")->entries.size(), 3U);
  EXPECT_EQ(world.topics.known("a")->head, world.head());
  EXPECT_EQ(world.closed(id), "");
}

TEST(TopicExchange, WhatWasKnownUnderAnEarlierHeadIsKnownAndNotFresh) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b");
  world.answer(id);
  world.publish(1, "b");
  const auto growth = merkle::build_cover(world.publisher.tree(), 4, 5, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 4, {}, *growth).ok());
  EXPECT_NE(world.topics.known("b"), nullptr);
  EXPECT_FALSE(world.topics.is_fresh("b"));
}

TEST(TopicExchange, ANewerHeadInAnAnswerIsTakenUpAndTheQuestionComesAgain) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b");
  world.publish(1, "b");
  world.answer(id);
  EXPECT_TRUE(world.results.empty());
  ASSERT_EQ(world.sent<Growth>(id).size(), 1U) << "as if it had announced the head";
  EXPECT_EQ(world.peer(id).view.head, world.head());
  const auto growth = merkle::build_cover(world.publisher.tree(), 4, 5, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 4, {}, *growth).ok());
  world.topics.resume();
  ASSERT_EQ(world.asked(id).size(), 2U);
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
  EXPECT_EQ(world.topics.known("b")->entries[0].next_offset, Offset{2});
}

TEST(TopicExchange, APeerThatAnswersUnderAnOlderHeadIsNotAskedAgain) {
  TopicWorld world;
  const feed::Checkpoint older = world.head();
  world.publish(1, "b");
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b");
  TopicStateReply reply = world.honest(id);
  reply.head = older;
  world.answer(id, reply);
  world.topics.resume();
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.asked(id).size(), 1U);
  EXPECT_TRUE(world.sent<Growth>(id).empty());
}

TEST(TopicExchange, WaitsForAHeadAndAPeer) {
  TopicWorld world;
  world.fetch("b");
  const PeerId id = world.join();
  world.topics.resume();
  EXPECT_TRUE(world.asked(id).empty()) << "there is no head here";
  world.take_head();
  world.topics.resume();
  EXPECT_EQ(world.asked(id).size(), 1U);
  world.topics.resume();
  EXPECT_EQ(world.asked(id).size(), 1U) << "an answer is due";
}

TEST(TopicExchange, AsksOnlyPeersThatMayAnswerUnderOurHead) {
  TopicWorld world;
  world.take_head();
  const PeerId gone = world.join();
  const PeerId behind = world.join();
  const PeerId silent = world.join();
  const PeerId disputed = world.join();
  world.peer(gone).gone = true;
  world.peer(behind).view.head->tree_size -= 1;
  world.peer(silent).view.head.reset();
  world.peer(disputed).disputed = true;
  world.fetch("b");
  for (const PeerId id : {gone, behind, silent, disputed}) EXPECT_TRUE(world.asked(id).empty());
  const PeerId able = world.join();
  world.topics.resume();
  EXPECT_EQ(world.asked(able).size(), 1U);
}

TEST(TopicExchange, APeerThatLeavesIsReplaced) {
  TopicWorld world;
  world.take_head();
  const PeerId first = world.join();
  world.fetch("b");
  const PeerId second = world.join();
  world.core.peers().erase(first);
  world.topics.forget(PeerId{77});
  EXPECT_TRUE(world.asked(second).empty());
  world.topics.forget(first);
  EXPECT_EQ(world.asked(second).size(), 1U);
}

TEST(TopicExchange, ASilentPeerIsReplacedAndItsLateAnswerIgnored) {
  TopicWorld world;
  world.take_head();
  const PeerId first = world.join();
  world.fetch("b");
  const TopicStateReply late = world.honest(first);
  const PeerId second = world.join();
  world.time.run_for(5s);
  world.topics.tick();
  EXPECT_TRUE(world.asked(second).empty());
  world.time.run_for(100ms);
  world.topics.tick();
  EXPECT_EQ(world.asked(second).size(), 1U);
  EXPECT_EQ(world.asked(first).size(), 1U);
  world.answer(first, late);
  EXPECT_EQ(world.closed(first), "");
  EXPECT_TRUE(world.results.empty());
}

TEST(TopicExchange, FetchesOfOneTopicShareAQuestionAndTheLaterDeadline) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b", 2s);
  world.fetch("b", 1s);
  EXPECT_EQ(world.asked(id).size(), 1U);
  world.time.run_for(1900ms);
  world.topics.tick();
  world.time.run_for(0s);
  EXPECT_TRUE(world.results.empty());
  const TopicStateReply late = world.honest(id);
  world.time.run_for(100ms);
  world.topics.tick();
  world.time.run_for(0s);
  EXPECT_EQ(world.results, (std::vector{Code::timed_out, Code::timed_out}));
  EXPECT_FALSE(world.topics.busy());
  world.answer(id, late);
  EXPECT_EQ(world.closed(id), "") << "it was asked";
}

TEST(TopicExchange, WithoutATimeoutItWaits) {
  TopicWorld world;
  world.take_head();
  world.fetch("b", 0s);
  world.time.run_for(1h);
  world.topics.tick();
  world.time.run_for(0s);
  EXPECT_TRUE(world.results.empty());
  EXPECT_TRUE(world.topics.busy());
}

TEST(TopicExchange, AnEntryThatCannotBeStoredIsNotAskedForAgainAtOnce) {
  TopicWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetch("b");
  world.disk().error = TopicWorld::full();
  world.answer(id);
  for (int i = 0; i < 100; ++i) {
    world.time.run_for(100ms);
    world.topics.tick();
  }
  EXPECT_EQ(world.asked(id).size(), 1U);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.log.lines.empty());
  world.disk().error.reset();
  world.topics.tick();
  ASSERT_EQ(world.asked(id).size(), 2U);
  world.answer(id);
  EXPECT_EQ(world.results, std::vector{kDone});
}

}  // namespace
}  // namespace shoal::replication
