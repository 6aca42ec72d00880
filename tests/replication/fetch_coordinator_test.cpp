#include "replication/fetch_coordinator.h"

#include "replication/core_world.h"
#include "replication/live/core_tree_peers.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using testing::CoreWorld;
using testing::wire_size;

struct CoordinatorWorld : CoreWorld {
  explicit CoordinatorWorld(std::uint64_t blocks = 20, std::size_t value_size = 16, bool own = false)
      : CoreWorld(blocks, value_size, own),
        peers(core),
        heads(
            core, [this] { fetches.on_accepted(); }, [this] { return fetches.expects_push(); }),
        fetches(core, heads, peers, {[this] { ++new_blocks; }, [this] { ++have_sent; }}) {}

  void run_posted() { time.run_for(0s); }
  [[nodiscard]] std::optional<Want> want_of(PeerId id, bool live = false) {
    for (const Want& want : sent<Want>(id)) {
      if (want.live == live) return want;
    }
    return std::nullopt;
  }
  void give(PeerId id, Body body) {
    const std::size_t size = wire_size(body);
    if (auto* data = std::get_if<Data>(&body)) fetches.blocks().on_data(id, peer(id), *data, size);
    if (auto* piece = std::get_if<Piece>(&body)) fetches.blocks().on_piece(id, peer(id), std::move(*piece), size);
    if (auto* end = std::get_if<WantEnd>(&body)) fetches.blocks().on_end(id, peer(id), *end);
  }
  void give_all(PeerId id, const Want& want) {
    for (Body& body : serve(want)) give(id, std::move(body));
  }

  int new_blocks = 0;
  int have_sent = 0;
  CoreTreePeers peers;
  HeadExchange heads;
  FetchCoordinator fetches;
};

Follow whole_feed(bool live = false, std::uint64_t until = 20) {
  Follow follow;
  follow.live = live;
  follow.until = until;
  return follow;
}

TEST(FetchCoordinator, FetchesAFeedAndSaysOnceThatItIsSynced) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  EXPECT_TRUE(world.sent<Want>(id).empty()) << "planned once the call is through";
  world.run_posted();
  for (std::size_t i = 0; i < world.sent<Want>(id).size(); ++i) {
    world.give_all(id, world.sent<Want>(id)[i]);
    world.run_posted();
    ASSERT_EQ(world.closed(id), "");
  }
  EXPECT_EQ(world.reader.block_prefix(), 20U);
  EXPECT_GT(world.new_blocks, 0);
  world.run_posted();
  EXPECT_EQ(world.events.synced, std::vector{world.head()});
  world.fetches.plan_soon();
  world.run_posted();
  EXPECT_EQ(world.events.synced.size(), 1U);
}

TEST(FetchCoordinator, IsNotSyncedBelowTheNewestAnnouncedHead) {
  CoordinatorWorld world;
  world.take_all();
  world.publish();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(false, 21));
  world.run_posted();
  EXPECT_TRUE(world.events.synced.empty());
  world.peer(id).view.head = *world.reader.head();
  world.fetches.plan_soon();
  world.run_posted();
  EXPECT_EQ(world.events.synced.size(), 1U);
}

TEST(FetchCoordinator, UntilASizeLaterHeadsDoNotMatter) {
  CoordinatorWorld world;
  world.take_all();
  world.publish();
  world.join();
  world.fetches.follow(whole_feed(false, 20));
  world.run_posted();
  EXPECT_EQ(world.events.synced.size(), 1U);
}

TEST(FetchCoordinator, NobodyAnsweredIsNotSynced) {
  CoordinatorWorld world;
  world.take_all();
  world.fetches.follow(whole_feed());
  world.run_posted();
  EXPECT_TRUE(world.events.synced.empty());
}

TEST(FetchCoordinator, AnOwnFeedFetchesNothing) {
  CoordinatorWorld world(20, 16, true);
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  bool topics = false;
  world.fetches.fetch_topics({"t"}, 10s, [&](const Result<void>& result) { topics = result.ok(); });
  world.run_posted();
  EXPECT_TRUE(world.outbox(id).sent.empty());
  EXPECT_TRUE(topics);
  EXPECT_FALSE(world.fetches.busy());
}

TEST(FetchCoordinator, ALiveFollowAsksForALiveWant) {
  CoordinatorWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(true));
  world.run_posted();
  const std::optional<Want> live = world.want_of(id, true);
  ASSERT_TRUE(live);
  EXPECT_TRUE(live->all_topics);
  world.fetches.stop_following();
  ASSERT_EQ(world.sent<Cancel>(id).size(), 1U);
  EXPECT_EQ(world.sent<Cancel>(id).front().want, live->want);
}

TEST(FetchCoordinator, ALiveWantOfSomeTopicsNamesThem) {
  CoordinatorWorld world;
  world.take_all();
  const PeerId id = world.join();
  Follow follow = whole_feed(true);
  follow.everything = false;
  follow.topics = {stream("t")};
  world.fetches.follow(follow);
  world.run_posted();
  const std::optional<Want> live = world.want_of(id, true);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->streams, follow.topics);
}

TEST(FetchCoordinator, ANewFollowReplacesTheFormerOne) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  world.run_posted();
  const std::size_t asked = world.sent<Want>(id).size();
  ASSERT_GT(asked, 0U);
  world.fetches.follow(whole_feed(false, 0));
  world.run_posted();
  EXPECT_EQ(world.sent<Cancel>(id).size(), asked);
  EXPECT_TRUE(world.fetches.blocks().idle());
}

TEST(FetchCoordinator, ARefusedBlockIsLackingAtThatPeer) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  world.run_posted();
  const Want want = *world.want_of(id);
  world.give(id, WantEnd{want.want, EndReason::not_held});
  EXPECT_TRUE(world.peer(id).lacking.contains(want.begin));
  EXPECT_FALSE(world.peer(id).lacking.contains(want.begin + 1));
}

TEST(FetchCoordinator, WhatAPeerHoldsReplacesItsFormerWord) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.peer(id).lacking.add(0, 20);
  world.peer(id).held.add(3, 4);
  Have have;
  have.ranges = {{BlockIndex{5}, BlockIndex{9}}};
  world.fetches.on_have(id, world.peer(id), have);
  EXPECT_FALSE(world.peer(id).have.complete);
  EXPECT_TRUE(world.peer(id).held.contains(5, 9));
  EXPECT_FALSE(world.peer(id).held.contains(3));
  EXPECT_FALSE(world.peer(id).lacking.contains(3));
  have.ranges = {{BlockIndex{5}, BlockIndex{5}}};
  world.fetches.on_have(id, world.peer(id), have);
  EXPECT_EQ(world.closed(id), "it holds a run that ends before it begins");
}

TEST(FetchCoordinator, WantsOfAPeerThatEndsAreAskedOfAnother) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  world.run_posted();
  const std::uint64_t begin = world.want_of(id)->begin;
  const PeerId other = world.join();
  world.peer(id).gone = true;
  world.fetches.end_wants(id);
  world.run_posted();
  ASSERT_TRUE(world.want_of(other));
  EXPECT_EQ(world.want_of(other)->begin, begin);
}

TEST(FetchCoordinator, APrunedBlockIsLackingAtThatPeer) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed());
  world.run_posted();
  const Want want = *world.want_of(id);
  Data run = std::get<Data>(world.serve(want).front());
  run.blocks[0].form = PayloadForm::pruned;
  run.blocks[0].payload.clear();
  world.give(id, run);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.peer(id).lacking.contains(want.begin));
  EXPECT_FALSE(world.peer(id).lacking.contains(want.begin + 1));
}

TEST(FetchCoordinator, AHeaderWithoutItsPayloadIsToldToPeersFirst) {
  CoordinatorWorld world(3, 100'000);
  world.take_all();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(true));
  world.run_posted();
  ServedWant served(world.publisher, *world.want_of(id, true));
  world.publish();
  EXPECT_EQ(world.have_sent, 0);
  world.give(id, CoreWorld::serve(served).front());
  EXPECT_EQ(world.reader.header_prefix(), 4U);
  EXPECT_EQ(world.have_sent, 1);
}

TEST(FetchCoordinator, ALargePayloadNearTheEndIsToldToPeersAtOnce) {
  CoordinatorWorld world(1, 200'000);
  world.take_head();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(false, 1));
  world.run_posted();
  world.give_all(id, *world.want_of(id));
  EXPECT_EQ(world.reader.block_prefix(), 1U);
  EXPECT_EQ(world.have_sent, 1);
}

TEST(FetchCoordinator, AnOffsetIsFetchedWithoutAFollow) {
  CoordinatorWorld world;
  world.take_all();
  std::optional<BlockIndex> found;
  world.fetches.offsets().start(stream("t"), Offset{3}, 10s, [&](const Result<BlockIndex>& block) { found = *block; });
  world.run_posted();
  EXPECT_EQ(found, BlockIndex{3});
}

TEST(FetchCoordinator, TopicsAreFetchedTogetherAndOneAnswerComes) {
  CoordinatorWorld world;
  world.take_head();
  std::vector<Code> codes;
  world.fetches.fetch_topics({"a", "b"}, 1s, [&](const Result<void>& result) { codes.push_back(result.error().code); });
  EXPECT_TRUE(world.fetches.busy());
  world.time.run_for(1s);
  world.fetches.tick_requests();
  world.run_posted();
  EXPECT_EQ(codes, std::vector{Code::timed_out});
  EXPECT_FALSE(world.fetches.busy());
}

TEST(FetchCoordinator, AfterAForkTheLiveWantEndsAndNothingIsSynced) {
  CoordinatorWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(true));
  feed::testing::Producer second;
  ASSERT_TRUE(second.open().ok());
  for (std::int64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(second.writer->commit({feed::testing::batch_of(stream("t"), {1000 + i})}).ok());
  }
  world.run_posted();
  ASSERT_TRUE(world.want_of(id, true));
  world.events.synced.clear();
  world.heads.on_head(id, world.peer(id), *second.writer->head());
  ASSERT_TRUE(world.heads.forked());
  world.fetches.tick_live();
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
  world.fetches.follow(whole_feed(true));
  world.run_posted();
  EXPECT_TRUE(world.events.synced.empty());
}

TEST(FetchCoordinator, AFullDiskEndsAllWantsAndRoomBeginsThemAgain) {
  CoordinatorWorld world(20, 40'000);
  world.take_head();
  const PeerId id = world.join();
  const PeerId other = world.join();
  world.fetches.follow(whole_feed());
  world.run_posted();
  const Want want = *world.want_of(id);
  ASSERT_TRUE(world.want_of(other));
  world.disk().error = CoreWorld::full();
  std::vector<Body> bodies = world.serve(want);
  world.give(id, bodies.front());
  world.run_posted();
  EXPECT_TRUE(world.fetches.blocks().idle());
  for (const PeerId one : {id, other}) {
    EXPECT_EQ(world.sent<Cancel>(one).size(), world.sent<Want>(one).size());
    EXPECT_TRUE(world.sent<Credit>(one).empty());
  }
  const std::size_t asked = world.sent<Want>(id).size() + world.sent<Want>(other).size();
  world.give(id, bodies.front());  // it was on its way
  for (int i = 0; i < 100; ++i) {
    world.time.run_for(100ms);
    world.fetches.tick_requests();
    world.fetches.tick_live();
    world.fetches.plan_soon();
  }
  EXPECT_EQ(world.sent<Want>(id).size() + world.sent<Want>(other).size(), asked) << "nothing is asked for";
  EXPECT_EQ(world.closed(id) + world.closed(other), "") << "nobody is blamed";
  EXPECT_TRUE(world.log.lines.empty()) << "who has the store says it";
  EXPECT_EQ(world.disk().refused, 0) << "nothing is tried";

  world.disk().error.reset();
  for (int i = 0; i < 20; ++i) {
    world.fetches.plan_soon();
    world.run_posted();
    for (const PeerId one : {id, other}) {
      for (const Want& again : world.sent<Want>(one)) {
        if (world.fetches.blocks().find(again.want) != nullptr) world.give_all(one, again);
      }
    }
  }
  EXPECT_EQ(world.reader.block_prefix(), 20U);
  EXPECT_EQ(world.closed(id) + world.closed(other), "");
}

TEST(FetchCoordinator, AFullDiskEndsTheLiveWantAndRoomBeginsIt) {
  CoordinatorWorld world;
  world.take_all();
  const PeerId id = world.join();
  world.fetches.follow(whole_feed(true));
  world.run_posted();
  ASSERT_TRUE(world.want_of(id, true));
  world.disk().error = CoreWorld::full();
  world.fetches.plan_soon();
  world.run_posted();
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
  EXPECT_FALSE(world.fetches.expects_push());
  world.fetches.plan_soon();
  world.fetches.tick_live();
  world.run_posted();
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
  world.disk().error.reset();
  world.fetches.plan_soon();
  world.run_posted();
  ASSERT_EQ(world.sent<Want>(id).size(), 2U);
  EXPECT_TRUE(world.sent<Want>(id).back().live);
}

TEST(FetchCoordinator, AFollowThatBeginsOnAFullDiskWaitsForRoom) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.disk().error = CoreWorld::full();
  world.fetches.plan_soon();
  world.run_posted();
  world.fetches.follow(whole_feed(true));
  world.run_posted();
  EXPECT_TRUE(world.sent<Want>(id).empty());
  world.disk().error.reset();
  world.fetches.plan_soon();
  world.run_posted();
  EXPECT_TRUE(world.want_of(id, false));
  EXPECT_TRUE(world.want_of(id, true));
}

TEST(FetchCoordinator, AWriteThatFailsIsNotAskedForAgainAtOnce) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.disk().error = Error{Code::io, "the disk fails", ""};
  world.disk().knows = false;
  world.fetches.follow(whole_feed());
  for (int i = 0; i < 300; ++i) {  // half a minute
    world.run_posted();
    for (const Want& want : world.sent<Want>(id)) {
      if (world.fetches.blocks().find(want.want) != nullptr) world.give_all(id, want);
    }
    world.time.run_for(100ms);
    world.fetches.tick_requests();
    world.fetches.plan_soon();
  }
  EXPECT_LE(world.sent<Want>(id).size(), 10U) << "after 1, 3, 7, 15 seconds, two portions each";
  EXPECT_EQ(world.log.lines.size(), 1U);
  EXPECT_EQ(world.closed(id), "");
}

TEST(FetchCoordinator, TopicsAreNotAskedForWhileTheDiskIsFull) {
  CoordinatorWorld world;
  world.take_head();
  const PeerId id = world.join();
  world.disk().error = CoreWorld::full();
  Follow follow = whole_feed();
  follow.everything = false;
  follow.topics = {stream("t")};
  world.fetches.follow(follow);
  world.fetches.fetch_topics({"t"}, 60s, [](const Result<void>&) {});
  for (int i = 0; i < 20; ++i) {
    world.time.run_for(100ms);
    world.fetches.tick_requests();
    world.fetches.plan_soon();
  }
  EXPECT_TRUE(world.outbox(id).sent.empty());
  world.disk().error.reset();
  world.fetches.plan_soon();
  world.run_posted();
  EXPECT_FALSE(world.sent<TopicStateRequest>(id).empty());
}

}  // namespace
}  // namespace shoal::replication
