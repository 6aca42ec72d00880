#include "replication/fetch/offset_fetches.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::deliver;
using feed::testing::stream;
using testing::wire_size;

/// A reader with the head and no blocks of a feed of one topic: block i holds offset i.
struct OffsetWorld : testing::CoreWorld {
  explicit OffsetWorld(std::uint64_t blocks = 20, std::size_t value_size = 16, bool own = false)
      : CoreWorld(blocks, value_size, own),
        heads(
            core, [] {}, [] { return false; }),
        topics(core, heads),
        fetcher(core, heads, hooks()),
        offsets(core, fetcher, topics) {
    if (!own) take_head();
  }
  BlockFetcher::Hooks hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant& want, const Data& run) { offsets.on_run(want, run); };
    out.on_payload = [this](const FetchWant& want, BlockIndex block) { offsets.on_payload(want, block); };
    out.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) { offsets.on_end(want, reason); };
    out.on_new_blocks = [] {};
    out.has_alternative = [](const FetchWant&) { return true; };
    return out;
  }
  FetchId start(std::int64_t offset, base::MonoTime timeout = 60s, const TopicPartition& of = stream("t")) {
    const FetchId id = offsets.start(of, Offset{offset}, timeout, [this](const Result<BlockIndex>& result) {
      if (result.ok()) found.push_back(result->value());
      if (!result) codes.push_back(result.error().code);
    });
    settle();
    return id;
  }
  /// Answers all questions about topic state that are open.
  void settle() {
    for (auto& [id, peer] : core.peers()) {
      const std::vector<TopicStateRequest> asked = sent<TopicStateRequest>(id);
      for (; answered_[id] < asked.size(); ++answered_[id]) {
        if (!peer->gone) topics.on_reply(id, *peer, state_for(asked[answered_[id]]));
      }
    }
    time.run_for(0s);
  }
  TopicStateReply state_for(const TopicStateRequest& request) {
    TopicStateReply reply;
    reply.request = request.request;
    reply.answer = TopicAnswer::entries;
    reply.head = head();
    reply.first = request.from + (request.topic.empty() ? 0 : 1);
    for (std::uint32_t at = reply.first; at < reply.head.topic_count; ++at) {
      const auto proven = publisher.topic_entry(at).value();
      reply.entries.push_back({proven.entry, proven.path});
    }
    return reply;
  }
  std::vector<Lookup> lookups(PeerId id) { return sent<Lookup>(id); }
  void hint(PeerId id, std::optional<std::uint64_t> block) {
    std::optional<BlockIndex> index;
    if (block) index = BlockIndex{*block};
    offsets.on_lookup_reply(id, peer(id), {lookups(id).back().request, index});
    time.run_for(0s);
  }
  Want want_of(PeerId id) { return sent<Want>(id).back(); }
  void give(PeerId id, Body body) {
    const std::size_t size = wire_size(body);
    if (auto* data = std::get_if<Data>(&body)) fetcher.on_data(id, peer(id), *data, size);
    if (auto* piece = std::get_if<Piece>(&body)) fetcher.on_piece(id, peer(id), std::move(*piece), size);
    if (auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, peer(id), *end);
    time.run_for(0s);
  }
  void give_all(PeerId id) {
    for (Body& body : serve(want_of(id))) give(id, std::move(body));
  }
  /// The block with a payload that the peer dropped.
  void give_pruned(PeerId id) {
    Data run = std::get<Data>(serve(want_of(id)).front());
    run.blocks[0].form = PayloadForm::pruned;
    run.blocks[0].payload.clear();
    give(id, run);
  }
  void pass(base::MonoTime span) {
    for (; span > 0s; span -= 100ms) {
      time.run_for(100ms);
      offsets.tick();
    }
    time.run_for(0s);
  }

  HeadExchange heads;
  TopicExchange topics;
  BlockFetcher fetcher;
  OffsetFetches offsets;
  std::vector<std::uint64_t> found;  ///< of fetches that succeeded
  std::vector<Code> codes;           ///< of those that failed

 private:
  std::map<PeerId, std::size_t> answered_;
};

TEST(OffsetFetches, FetchesTheBlockThatAPeerNames) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(7);
  EXPECT_TRUE(world.offsets.busy());
  ASSERT_EQ(world.lookups(id).size(), 1U);
  EXPECT_EQ(world.lookups(id).front().stream, stream("t"));
  EXPECT_EQ(world.lookups(id).front().by, LookupBy::offset);
  EXPECT_EQ(world.lookups(id).front().value, 7);
  world.offsets.resume();
  EXPECT_EQ(world.lookups(id).size(), 1U) << "an answer is due";
  world.hint(id, 7);
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_EQ(world.want_of(id).begin, 7U);
  EXPECT_EQ(world.want_of(id).end, 8U);
  EXPECT_FALSE(world.want_of(id).headers_only);
  world.offsets.resume();
  EXPECT_EQ(world.lookups(id).size(), 1U);
  world.give_all(id);
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{7});
  EXPECT_FALSE(world.offsets.busy());
  EXPECT_TRUE(world.sent<Cancel>(id).empty()) << "the want ended by itself";
  EXPECT_EQ(world.closed(id), "");
}

TEST(OffsetFetches, ABlockThatIsHereIsFoundWithoutAPeer) {
  OffsetWorld world;
  world.take_all();
  world.offsets.start(stream("t"), Offset{7}, 60s,
                      [&](const Result<BlockIndex>& result) { world.found.push_back(result->value()); });
  EXPECT_TRUE(world.found.empty()) << "the answer is posted";
  world.time.run_for(0s);
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{7});
}

TEST(OffsetFetches, APeerIsAskedForEightAtOnceAndTheOthersWaitForTheirTurn) {
  OffsetWorld world(20);
  const PeerId id = world.join();
  for (std::int64_t offset = 0; offset < 20; ++offset) world.start(offset);
  ASSERT_EQ(world.lookups(id).size(), 8U);
  const auto answer = [&](std::size_t i) {
    const Lookup asked = world.lookups(id).at(i);
    world.offsets.on_lookup_reply(id, world.peer(id),
                                  {asked.request, BlockIndex(static_cast<std::uint64_t>(asked.value))});
    world.time.run_for(0s);
    world.give_all(id);
  };
  for (std::size_t i = 0; i < 20; ++i) {
    answer(i);
    EXPECT_LE(world.lookups(id).size() - world.found.size(), 8U);
  }
  EXPECT_EQ(world.found.size(), 20U);
  EXPECT_FALSE(world.offsets.busy());
  EXPECT_EQ(world.closed(id), "");
}

TEST(OffsetFetches, APeerThatHasNoTurnLeftDoesNotCountAsOneThatDroppedTheBlock) {
  OffsetWorld world(20);
  const PeerId drops = world.join();
  world.start(19);
  world.hint(drops, 19);
  const PeerId full = world.join();
  for (std::int64_t offset = 0; offset < 16; ++offset) world.start(offset);
  ASSERT_EQ(world.lookups(full).size(), 8U);
  world.give_pruned(drops);
  EXPECT_TRUE(world.codes.empty()) << "the other one may have it";
}

TEST(OffsetFetches, ABusyPeerIsAskedAgain) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(7);
  world.hint(id, 7);
  world.give(id, WantEnd{world.want_of(id).want, EndReason::busy});
  EXPECT_TRUE(world.offsets.busy());
  world.pass(200ms);
  world.hint(id, 7);
  world.give_all(id);
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{7});
}

TEST(OffsetFetches, TwoFetchesHaveTwoIds) {
  OffsetWorld world;
  EXPECT_NE(world.start(7), world.start(7));
}

TEST(OffsetFetches, AnOwnFeedHasWhatItHas) {
  OffsetWorld world(20, 16, true);
  world.join();
  world.start(19);
  world.start(20);
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{19});
  EXPECT_EQ(world.codes, std::vector{Code::not_found});
}

TEST(OffsetFetches, TheSignedTopicStateShowsThatAnOffsetIsAbsent) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(20);
  EXPECT_EQ(world.codes, std::vector{Code::not_found});
  world.start(0, 60s, stream("t", 1));
  EXPECT_EQ(world.codes.size(), 2U) << "another partition";
  EXPECT_TRUE(world.lookups(id).empty());
  world.start(19);
  EXPECT_EQ(world.codes.size(), 2U);
  EXPECT_EQ(world.lookups(id).size(), 1U);
  world.start(0);
  EXPECT_EQ(world.lookups(id).size(), 2U);
}

TEST(OffsetFetches, AWrongHintIsBlamedAndAnotherPeerAsked) {
  OffsetWorld world;
  const PeerId liar = world.join();
  world.start(7);
  const PeerId honest = world.join();
  world.hint(liar, 8);
  world.give_all(liar);
  EXPECT_EQ(world.closed(liar), "a look-up that named another block");
  ASSERT_EQ(world.lookups(honest).size(), 1U);
  world.hint(honest, 7);
  world.give_all(honest);
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{7});
}

TEST(OffsetFetches, AHintToABlockBeforeTheOffsetIsBlamedToo) {
  OffsetWorld world;
  const PeerId liar = world.join();
  world.start(7);
  world.hint(liar, 6);
  world.give_all(liar);
  EXPECT_EQ(world.closed(liar), "a look-up that named another block");
}

TEST(OffsetFetches, BlamesForAHintBeyondTheTree) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(7);
  world.hint(id, 20);
  EXPECT_EQ(world.closed(id), "a look-up that points beyond the tree");
}

TEST(OffsetFetches, APeerThatKnowsNoBlockIsReplaced) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  const PeerId second = world.join();
  world.hint(first, std::nullopt);
  EXPECT_EQ(world.closed(first), "");
  EXPECT_EQ(world.lookups(first).size(), 1U);
  ASSERT_EQ(world.lookups(second).size(), 1U);
  world.hint(second, std::nullopt);
  world.offsets.resume();
  EXPECT_EQ(world.lookups(first).size() + world.lookups(second).size(), 2U) << "each is asked once";
}

TEST(OffsetFetches, BlamesForAnAnswerToNoQuestion) {
  OffsetWorld world;
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.start(7);
  const std::uint64_t request = world.lookups(id).front().request;
  world.offsets.on_lookup_reply(other, world.peer(other), {request, BlockIndex{7}});
  EXPECT_EQ(world.closed(other), "a look-up's answer to no question") << "it was asked of another peer";
  world.offsets.on_lookup_reply(id, world.peer(id), {request + 1, BlockIndex{7}});
  EXPECT_EQ(world.closed(id), "a look-up's answer to no question");
}

TEST(OffsetFetches, ASilentPeerIsReplacedAndItsLateAnswerIgnored) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  const PeerId second = world.join();
  world.pass(5s);
  EXPECT_TRUE(world.lookups(second).empty());
  world.pass(100ms);
  EXPECT_EQ(world.lookups(second).size(), 1U);
  EXPECT_EQ(world.peer(first).slow_until, world.core.now() + 5s);
  world.hint(first, 7);
  EXPECT_EQ(world.closed(first), "");
  EXPECT_TRUE(world.sent<Want>(first).empty());
}

TEST(OffsetFetches, AWantThatBringsNothingIsCancelledAndAskedElsewhere) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  world.hint(first, 7);
  const PeerId second = world.join();
  world.pass(5100ms);
  EXPECT_EQ(world.sent<Cancel>(first).size(), 1U);
  EXPECT_EQ(world.lookups(second).size(), 1U);
  EXPECT_TRUE(world.fetcher.idle());
}

TEST(OffsetFetches, PrefersAPeerThatIsNotSlow) {
  OffsetWorld world;
  const PeerId slow = world.join();
  const PeerId fast = world.join();
  const PeerId slow_too = world.join();
  world.peer(slow).slow_until = world.peer(slow_too).slow_until = world.core.now() + 60s;
  world.start(7);
  EXPECT_EQ(world.lookups(fast).size(), 1U);
  EXPECT_TRUE(world.lookups(slow).empty() && world.lookups(slow_too).empty());
  world.hint(fast, std::nullopt);
  EXPECT_EQ(world.lookups(slow).size() + world.lookups(slow_too).size(), 1U) << "the last choice";
}

TEST(OffsetFetches, AsksOnlyPeersThatMayHaveTheBlock) {
  OffsetWorld world;
  const PeerId gone = world.join();
  const PeerId behind = world.join();
  const PeerId silent = world.join();
  const PeerId disputed = world.join();
  world.peer(gone).gone = true;
  world.peer(behind).view.head->tree_size -= 1;
  world.peer(silent).first_head_came = false;
  world.peer(disputed).disputed = true;
  const PeerId able = world.join();
  world.start(7);
  EXPECT_EQ(world.lookups(able).size(), 1U);
  world.hint(able, std::nullopt);
  for (const PeerId id : {gone, behind, silent, disputed}) EXPECT_TRUE(world.lookups(id).empty());
  EXPECT_TRUE(world.offsets.busy()) << "it waits for another peer";
}

TEST(OffsetFetches, EndsAtItsDeadline) {
  OffsetWorld world;
  world.join();
  world.start(7, 2s);
  world.pass(1900ms);
  EXPECT_TRUE(world.codes.empty());
  world.pass(100ms);
  EXPECT_EQ(world.codes, std::vector{Code::timed_out});
  EXPECT_FALSE(world.offsets.busy());
  OffsetWorld alone;
  alone.start(7, 2s);
  alone.pass(2s);
  EXPECT_EQ(alone.codes, std::vector{Code::unavailable});
}

TEST(OffsetFetches, ALookUpOfAFetchThatEndedMayStillBeAnswered) {
  OffsetWorld world;
  const PeerId id = world.join();
  const FetchId fetch = world.start(7);
  world.offsets.cancel(fetch);
  world.offsets.cancel(fetch);
  world.hint(id, 7);
  EXPECT_EQ(world.codes, std::vector{Code::cancelled});
  EXPECT_EQ(world.closed(id), "");
}

TEST(OffsetFetches, CancelEndsTheWant) {
  OffsetWorld world;
  const PeerId id = world.join();
  const FetchId fetch = world.start(7);
  world.hint(id, 7);
  world.offsets.cancel(fetch);
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
  EXPECT_TRUE(world.fetcher.idle());
}

TEST(OffsetFetches, ABlockThatEveryPeerDroppedIsPruned) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  world.hint(first, 7);
  const PeerId second = world.join();
  world.give_pruned(first);
  EXPECT_TRUE(world.codes.empty()) << "another peer may have it";
  EXPECT_TRUE(world.lookups(second).empty()) << "the header is here: the block is known";
  ASSERT_EQ(world.sent<Want>(second).size(), 1U);
  world.give_pruned(second);
  EXPECT_EQ(world.codes, std::vector{Code::pruned});
}

TEST(OffsetFetches, WithoutAnyPeerADroppedBlockIsWaitedFor) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  world.hint(first, 7);
  world.core.find(first)->view.answered = true;
  world.give_pruned(first);
  EXPECT_EQ(world.codes, std::vector{Code::pruned});
  OffsetWorld left;
  const PeerId only = left.join();
  left.start(7);
  left.hint(only, 7);
  Data run = std::get<Data>(left.serve(left.want_of(only)).front());
  run.blocks[0].form = PayloadForm::pruned;
  run.blocks[0].payload.clear();
  left.fetcher.on_data(only, left.peer(only), run, wire_size(run));
  left.peer(only).gone = true;
  left.time.run_for(0s);
  EXPECT_TRUE(left.codes.empty());
  EXPECT_TRUE(left.offsets.busy());
}

TEST(OffsetFetches, APayloadInPiecesEndsWithTheLastOne) {
  OffsetWorld world(3, 200'000);
  const PeerId id = world.join();
  world.start(1);
  world.hint(id, 1);
  std::vector<Body> all = world.serve(world.want_of(id));
  ASSERT_GT(all.size(), 3U);
  for (Body& body : all) {
    if (!std::holds_alternative<WantEnd>(body)) {
      EXPECT_TRUE(world.found.empty());
    }
    world.give(id, std::move(body));
  }
  EXPECT_EQ(world.found, std::vector<std::uint64_t>{1});
}

TEST(OffsetFetches, APeerThatLeavesIsReplaced) {
  OffsetWorld world;
  const PeerId first = world.join();
  const FetchId fetch = world.start(7);
  const PeerId second = world.join();
  world.offsets.forget(second);
  world.time.run_for(0s);
  EXPECT_TRUE(world.lookups(second).empty());
  world.core.peers().erase(first);
  world.offsets.forget(first);
  world.time.run_for(0s);
  ASSERT_EQ(world.lookups(second).size(), 1U);
  world.hint(second, 7);
  ASSERT_EQ(world.sent<Want>(second).size(), 1U);
  const PeerId third = world.join();
  world.offsets.forget(second);
  world.time.run_for(0s);
  EXPECT_TRUE(world.lookups(third).empty()) << "its want ends by itself";
  world.offsets.cancel(fetch);
}

TEST(OffsetFetches, AWantThatEndsWithoutTheBlockIsAskedElsewhere) {
  OffsetWorld world;
  const PeerId first = world.join();
  world.start(7);
  world.hint(first, 7);
  const PeerId second = world.join();
  world.give(first, WantEnd{world.want_of(first).want, EndReason::not_held});
  EXPECT_EQ(world.lookups(first).size(), 1U);
  EXPECT_EQ(world.lookups(second).size(), 1U);
}

TEST(OffsetFetches, TheTopicStateIsAskedForAgainAfterItWasNotLearned) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.offsets.start(stream("t"), Offset{7}, 10s, [](const Result<BlockIndex>&) {});
  world.offsets.resume();
  EXPECT_EQ(world.sent<TopicStateRequest>(id).size(), 1U);
  EXPECT_TRUE(world.lookups(id).empty());
  world.settle();
  EXPECT_EQ(world.lookups(id).size(), 1U);
}

TEST(OffsetFetches, WhatWasKnownUnderAnEarlierHeadIsEnoughForWhatItHas) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(7);
  world.publish();
  world.peer(id).view.head = world.head();
  const auto growth = merkle::build_cover(world.publisher.tree(), 20, 21, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 20, {}, *growth).ok());
  const std::size_t asked = world.sent<TopicStateRequest>(id).size();
  world.start(8);
  EXPECT_EQ(world.sent<TopicStateRequest>(id).size(), asked);
  EXPECT_EQ(world.lookups(id).size(), 2U);
  world.start(20);
  EXPECT_EQ(world.sent<TopicStateRequest>(id).size(), asked + 1) << "of a newer offset the new head knows";
  EXPECT_EQ(world.lookups(id).size(), 3U);
  EXPECT_TRUE(world.codes.empty());
}

TEST(OffsetFetches, EndsWithTheStoresErrorWhenTheBlockCannotBeStored) {
  OffsetWorld world;
  const PeerId id = world.join();
  world.start(7);
  world.hint(id, 7);
  world.disk().error = OffsetWorld::full();
  world.give_all(id);
  world.pass(1s);
  EXPECT_EQ(world.codes, std::vector{Code::no_space});
  EXPECT_EQ(world.sent<Want>(id).size(), 1U) << "asked once";
  world.start(7);
  EXPECT_EQ(world.codes.size(), 2U);
  EXPECT_EQ(world.lookups(id).size(), 1U) << "and not at all on a full disk";
  EXPECT_EQ(world.closed(id), "");
}

}  // namespace
}  // namespace shoal::replication
