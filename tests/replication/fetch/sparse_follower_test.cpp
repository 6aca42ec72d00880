#include "replication/fetch/sparse_follower.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::deliver;
using feed::testing::stream;
using testing::CoreWorld;
using testing::wire_size;

/// A reader without blocks of a feed whose blocks belong to a, b, c, a, b, c ...: eight of each, the later half ten
/// seconds younger.
struct SparseWorld : CoreWorld {
  SparseWorld()
      : CoreWorld(0),
        heads(
            core, [this] { sparse.on_accepted(); }, [] { return false; }),
        topics(core, heads),
        fetcher(core, heads, hooks()),
        sparse(core, fetcher, topics) {
    for (int i = 0; i < 24; ++i) {
      if (i == 12) producer.clock.now = producer.clock.now + 10'000;
      publish(1, std::string(1, static_cast<char>('a' + i % 3)));
    }
    take_head();
  }
  BlockFetcher::Hooks hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant& want, const Data& run) { sparse.on_run(want, run); };
    out.on_payload = [this](const FetchWant& want, BlockIndex) { sparse.on_payload(want); };
    out.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) { sparse.on_end(want, reason); };
    out.on_new_blocks = [] {};
    out.has_alternative = [this](const FetchWant& want) { return sparse.has_alternative(want); };
    return out;
  }

  static Follow of(std::vector<std::string> names) {
    Follow follow;
    follow.everything = false;
    for (std::string& name : names) follow.topics.push_back(stream(std::move(name)));
    return follow;
  }
  /// Starts, and answers the questions about topic state.
  void start(const Follow& follow) {
    sparse.start(follow);
    sparse.plan();
    answer_topics();
  }
  void answer_topics() {
    for (auto& [id, peer] : core.peers()) {
      const std::vector<TopicStateRequest> asked = sent<TopicStateRequest>(id);
      for (; answered_[id] < asked.size(); ++answered_[id]) topics.on_reply(id, *peer, reply_of(asked[answered_[id]]));
    }
    time.run_for(0s);
  }
  [[nodiscard]] TopicStateReply reply_of(const TopicStateRequest& request) const {
    TopicStateReply reply;
    reply.request = request.request;
    reply.answer = TopicAnswer::entries;
    reply.head = head();
    reply.first = request.from;
    if (!request.topic.empty()) reply.first += *publisher.topic_position(stream(request.topic));
    for (std::uint32_t at = reply.first; at < reply.head.topic_count && at - reply.first < request.count; ++at) {
      const auto proven = publisher.topic_entry(at).value();
      reply.entries.push_back({proven.entry, proven.path});
    }
    return reply;
  }
  /// The newest want that was sent to the peer.
  Want want_of(PeerId id) { return sent<Want>(id).back(); }
  void give(PeerId id, Body body) {
    const std::size_t size = wire_size(body);
    if (auto* data = std::get_if<Data>(&body)) fetcher.on_data(id, peer(id), *data, size);
    if (auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, peer(id), *end);
  }
  void give_all(PeerId id) { give_all(id, want_of(id)); }
  void give_all(PeerId id, const Want& want) {
    for (Body& body : serve(want)) give(id, std::move(body));
  }
  /// A proven run of only these blocks, and that this is all.
  void give_only(PeerId id, std::vector<std::uint64_t> indices) {
    const Want want = want_of(id);
    if (!indices.empty()) {
      const feed::testing::Delivery blocks = deliver(publisher, head(), want.base, std::move(indices));
      Data run;
      run.want = want.want;
      run.tree_size = want.tree_size;
      run.base = want.base;
      run.cover = blocks.cover;
      for (std::size_t i = 0; i < blocks.indices.size(); ++i) {
        run.blocks.push_back({BlockIndex{blocks.indices[i]}, blocks.headers[i], PayloadForm::with_block,
                              want.headers_only ? Bytes{} : blocks.payloads[i]});
        if (want.headers_only) run.blocks.back().form = PayloadForm::absent;
      }
      give(id, std::move(run));
    }
    give(id, WantEnd{want.want, EndReason::done});
  }
  [[nodiscard]] bool holds(std::uint64_t block) const { return *reader.has_payload(BlockIndex{block}); }

  HeadExchange heads;
  TopicExchange topics;
  BlockFetcher fetcher;
  SparseFollower sparse;

 private:
  std::map<PeerId, std::size_t> answered_;
};

TEST(SparseFollower, LearnsTheEndsOfItsTopicsBeforeItAsksForBlocks) {
  SparseWorld world;
  const PeerId id = world.join();
  world.sparse.start(SparseWorld::of({"b"}));
  EXPECT_TRUE(world.sparse.active());
  world.sparse.plan();
  EXPECT_TRUE(world.sent<Want>(id).empty());
  ASSERT_EQ(world.sent<TopicStateRequest>(id).size(), 1U);
  EXPECT_EQ(world.sent<TopicStateRequest>(id).front().topic, "b");
  world.sparse.plan();
  EXPECT_EQ(world.sent<TopicStateRequest>(id).size(), 1U) << "the answer is due";
  world.answer_topics();
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_EQ(world.want_of(id).streams, std::vector{stream("b")});
  EXPECT_EQ(world.want_of(id).begin, 0U);
  EXPECT_EQ(world.want_of(id).end, 24U);
  EXPECT_FALSE(world.want_of(id).headers_only);
}

TEST(SparseFollower, AsksForAllEndsWhenItFollowsHalfOfTheTopics) {
  SparseWorld world;
  const PeerId id = world.join();
  world.sparse.start(SparseWorld::of({"a", "b"}));
  world.sparse.plan();
  ASSERT_EQ(world.sent<TopicStateRequest>(id).size(), 1U);
  EXPECT_EQ(world.sent<TopicStateRequest>(id).front().topic, "");
}

TEST(SparseFollower, IsCompleteWhenEachChainReachesItsSignedEnd) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  EXPECT_FALSE(world.sparse.complete(world.head()));
  world.give_all(id);
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
  EXPECT_EQ(world.closed(id), "");
  for (std::uint64_t block = 0; block < 24; ++block) EXPECT_EQ(world.holds(block), block % 3 == 1) << block;
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_TRUE(world.log.lines.empty());
}

TEST(SparseFollower, ABlockThatIsLeftOutIsAskedOfAnotherPeer) {
  SparseWorld world;
  const PeerId liar = world.join();
  world.start(SparseWorld::of({"b"}));
  world.give_only(liar, {1, 4, 10, 13, 16, 19, 22});
  world.sparse.plan();
  EXPECT_FALSE(world.sparse.complete(world.head()));
  EXPECT_EQ(world.sent<Want>(liar).size(), 1U) << "it is not asked for that range again";
  EXPECT_EQ(world.log.lines.size(), 1U) << "nobody gives it";
  const PeerId honest = world.join();
  world.sparse.on_have(honest);
  world.sparse.plan();
  ASSERT_EQ(world.sent<Want>(honest).size(), 1U);
  EXPECT_EQ(world.want_of(honest).begin, 5U);
  EXPECT_EQ(world.want_of(honest).end, 8U) << "block 7 is missing, and the next one is held";
  world.give_all(honest);
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
}

TEST(SparseFollower, TheNewestBlockCannotBeWithheldUnnoticed) {
  SparseWorld world;
  const PeerId liar = world.join();
  const PeerId honest = world.join();
  world.peer(honest).slow_until = world.core.now() + 60s;
  world.start(SparseWorld::of({"b"}));
  ASSERT_TRUE(world.sent<Want>(honest).empty()) << "a slow peer is the last choice";
  world.give_only(liar, {1, 4, 7, 10, 13, 16, 19});
  world.sparse.plan();
  EXPECT_FALSE(world.sparse.complete(world.head()));
  ASSERT_EQ(world.sent<Want>(honest).size(), 1U);
  EXPECT_EQ(world.want_of(honest).begin, 20U);
  world.give_all(honest);
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
}

TEST(SparseFollower, AHeaderWithoutItsPayloadIsAGap) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  const feed::testing::Delivery header = deliver(world.publisher, world.head(), 0, {4}, false);
  ASSERT_TRUE(header.to(*world.follower.mirror).ok());
  world.give_only(id, {1, 7, 10, 13, 16, 19, 22});
  world.sparse.plan();
  EXPECT_FALSE(world.sparse.complete(world.head()));
}

TEST(SparseFollower, AskedForRangesAreNotAskedForTwice) {
  SparseWorld world;
  const PeerId first = world.join();
  const PeerId second = world.join();
  world.start(SparseWorld::of({"b"}));
  EXPECT_EQ(world.sent<Want>(first).size() + world.sent<Want>(second).size(), 1U);
  world.sparse.plan();
  world.sparse.plan();
  EXPECT_EQ(world.sent<Want>(first).size() + world.sent<Want>(second).size(), 1U);
}

TEST(SparseFollower, TargetsWithTheSameGapShareAWant) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"a", "b", "c"}));
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_EQ(world.want_of(id).streams, (std::vector{stream("a"), stream("b"), stream("c")}));
}

TEST(SparseFollower, TargetsWithOtherGapsShareAWantWhenThereIsNoRoomForOneEach) {
  for (const std::size_t peers : {1U, 2U}) {
    SparseWorld world;
    ASSERT_TRUE(deliver(world.publisher, world.head(), 0, {0, 1}).to(*world.follower.mirror).ok());
    std::size_t wants = 0;
    for (std::size_t i = 0; i < peers; ++i) world.join();
    world.start(SparseWorld::of({"a", "b", "c"}));
    for (const auto& [id, peer] : world.core.peers()) wants += world.sent<Want>(id).size();
    EXPECT_EQ(wants, peers == 1 ? 1U : 3U) << "a peer has room for two";
    if (peers == 1) {
      EXPECT_EQ(world.want_of(PeerId{1}).begin, 0U) << "the first gap of all";
    }
  }
}

TEST(SparseFollower, ARefusedRangeIsAskedOfAnotherPeerUntilAHeadOrHaveComes) {
  SparseWorld world;
  const PeerId first = world.join();
  world.start(SparseWorld::of({"b"}));
  world.give(first, WantEnd{world.want_of(first).want, EndReason::not_held});
  world.sparse.plan();
  EXPECT_EQ(world.sent<Want>(first).size(), 1U);
  EXPECT_EQ(world.log.lines,
            std::vector<std::string>{"topic b: the connected peers withhold or lack blocks that the head signs"});
  world.sparse.plan();
  EXPECT_EQ(world.log.lines.size(), 1U) << "said once";
  world.sparse.on_have(first);
  world.sparse.plan();
  EXPECT_EQ(world.sent<Want>(first).size(), 2U);
  world.give(first, WantEnd{world.want_of(first).want, EndReason::not_held});
  world.sparse.on_accepted();
  world.sparse.plan();
  EXPECT_EQ(world.sent<Want>(first).size(), 3U);
}

TEST(SparseFollower, AWantThatIsCancelledIsAskedForAgain) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  world.fetcher.cancel(world.want_of(id).want);
  world.sparse.plan();
  ASSERT_EQ(world.sent<Want>(id).size(), 2U);
  EXPECT_EQ(world.want_of(id).begin, 0U);
}

TEST(SparseFollower, PrefersPeersThatSayTheyHoldTheTopic) {
  SparseWorld world;
  const PeerId vague = world.join();
  const PeerId sure = world.join();
  world.peer(vague).have.complete = false;
  world.peer(sure).have.complete = false;
  world.peer(sure).have.streams = {stream("b")};
  world.start(SparseWorld::of({"b"}));
  EXPECT_TRUE(world.sent<Want>(vague).empty());
  EXPECT_EQ(world.sent<Want>(sure).size(), 1U);
}

TEST(SparseFollower, APeerBehindOurHeadIsNotAsked) {
  SparseWorld world;
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.start(SparseWorld::of({"b"}));
  const PeerId asked = world.sent<Want>(id).empty() ? other : id;
  world.fetcher.cancel(world.want_of(asked).want);
  world.peer(id).view.head->tree_size -= 1;
  world.peer(other).view.head->tree_size -= 1;
  world.sparse.plan();
  EXPECT_EQ(world.sent<Want>(id).size() + world.sent<Want>(other).size(), 1U);
}

TEST(SparseFollower, BlocksBelowTheFollowsBeginAreNotAskedFor) {
  SparseWorld world;
  const PeerId id = world.join();
  Follow follow = SparseWorld::of({"b"});
  follow.from = 12;
  world.start(follow);
  EXPECT_EQ(world.want_of(id).begin, 12U);
  world.give_all(id);
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
  EXPECT_FALSE(world.holds(10));
  EXPECT_TRUE(world.holds(13));
}

TEST(SparseFollower, OldBlocksComeAsHeadersAndArePruned) {
  SparseWorld world;
  const PeerId id = world.join();
  Follow follow = SparseWorld::of({"b"});
  const UnixMs all_old = world.producer.clock.now + 1000;
  follow.oldest = [all_old] { return all_old; };
  world.start(follow);
  EXPECT_TRUE(world.want_of(id).headers_only);
  world.give_only(id, {1, 4, 7, 10, 13, 16, 19, 22});
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
  EXPECT_FALSE(world.holds(4));
  EXPECT_EQ(world.reader.payload(BlockIndex{4}).error().code, Code::pruned);
}

TEST(SparseFollower, ARecentHeaderEndsTheWantForHeaders) {
  SparseWorld world;
  const PeerId id = world.join();
  Follow follow = SparseWorld::of({"b"});
  const UnixMs between = world.producer.clock.now - 5000;
  follow.oldest = [between] { return between; };
  world.start(follow);
  const Want headers = world.want_of(id);
  ASSERT_TRUE(headers.headers_only);
  world.give_all(id, headers);
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U) << "block 13 is recent";
  world.sparse.plan();
  ASSERT_EQ(world.sent<Want>(id).size(), 2U);
  EXPECT_FALSE(world.want_of(id).headers_only);
  EXPECT_LE(world.want_of(id).begin, 13U);
  EXPECT_GT(world.want_of(id).begin, 10U);
  // A want for the gap of each recent header.
  for (std::size_t i = 1; i < world.sent<Want>(id).size(); ++i) {
    world.give_all(id, world.sent<Want>(id)[i]);
    world.sparse.plan();
    ASSERT_EQ(world.closed(id), "");
  }
  EXPECT_TRUE(world.sparse.complete(world.head()));
  EXPECT_FALSE(world.holds(10));
  EXPECT_TRUE(world.holds(13));
}

TEST(SparseFollower, GoesOnFromWhereItWasCompleteWhenTheHeadMoves) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  world.give_all(id);
  world.sparse.plan();
  ASSERT_TRUE(world.sparse.complete(world.head()));
  world.publish(1, "b");
  world.heads.on_head(id, world.peer(id), world.head());
  const Growth growth = world.sent<Growth>(id).back();
  GrowthReply reply{growth.request, true, growth.from, growth.to, {}, {}};
  reply.edge = world.publisher.tree().read(merkle::cover(0, growth.from)).value();
  reply.cover = merkle::build_cover(world.publisher.tree(), growth.from, growth.to, {}).value();
  world.heads.on_growth_reply(id, world.peer(id), reply);
  ASSERT_EQ(world.reader.head(), world.head());
  EXPECT_FALSE(world.sparse.complete(world.head()));
  world.sparse.plan();
  world.answer_topics();
  ASSERT_EQ(world.sent<Want>(id).size(), 2U);
  EXPECT_EQ(world.want_of(id).begin, 24U);
  world.give_all(id);
  world.sparse.plan();
  EXPECT_TRUE(world.sparse.complete(world.head()));
}

TEST(SparseFollower, StopCancelsItsWants) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  world.sparse.stop();
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
  EXPECT_FALSE(world.sparse.active());
  EXPECT_TRUE(world.fetcher.idle());
}

TEST(SparseFollower, KnowsWhetherAnotherPeerCouldServeAWant) {
  SparseWorld world;
  const PeerId id = world.join();
  world.start(SparseWorld::of({"b"}));
  const FetchWant* want = world.fetcher.find(world.want_of(id).want);
  EXPECT_FALSE(world.sparse.has_alternative(*want));
  const PeerId other = world.join();
  EXPECT_TRUE(world.sparse.has_alternative(*want));
  world.peer(other).have.complete = false;
  EXPECT_FALSE(world.sparse.has_alternative(*want)) << "it does not hold the topic";
  world.peer(other).have.complete = true;
  world.peer(other).suspect = true;
  EXPECT_FALSE(world.sparse.has_alternative(*want));
}

TEST(SparseFollower, SaysWhatItFollows) {
  SparseWorld world;
  world.sparse.start(SparseWorld::of({"c", "a", "c"}));
  EXPECT_EQ(world.sparse.streams(), (std::vector{stream("a"), stream("c")}));
}

}  // namespace
}  // namespace shoal::replication
