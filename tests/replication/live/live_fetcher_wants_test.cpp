#include "replication/live/live_fetcher.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// One LiveFetcher whose wants are answered by hand. Blocks are large: several of one head come in several runs.
struct WantsWorld : testing::CoreWorld {
  explicit WantsWorld(std::size_t value_size = 40'000)
      : CoreWorld(3, value_size),
        peers(core),
        heads(
            core, [this] { live.on_accepted(); }, [] { return false; }),
        fetcher(core, heads, fetch_hooks()),
        live(core, peers, fetcher, live_hooks()) {}
  BlockFetcher::Hooks fetch_hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant& want, const Data&) { live.on_run(want); };
    out.on_payload = [](const FetchWant&, BlockIndex) {};
    out.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) {
      if (want.live()) live.on_end(want, reason);
    };
    out.on_new_blocks = [] {};
    out.has_alternative = [](const FetchWant&) { return true; };
    return out;
  }
  LiveFetcher::Hooks live_hooks() {
    LiveFetcher::Hooks out;
    out.streams = [this] { return streams; };
    out.growing = [this] { return growing; };
    out.pull = [this](PeerId id) { pulled.push_back(id); };
    return out;
  }
  /// A peer that has what we have.
  PeerId even() {
    const PeerId id = join();
    peer(id).view.head = reader.head();
    return id;
  }
  /// The only peer becomes the parent.
  PeerId parent() {
    take_all();
    const PeerId id = even();
    live.start();
    live.plan();
    return id;
  }
  void announce(PeerId id) {
    peer(id).view.head = head();
    live.on_head(id);
  }
  /// What an honest peer pushes for its newest want.
  [[nodiscard]] std::vector<Body> pushes(PeerId id) { return serve(sent<Want>(id).back()); }
  void give(PeerId id, const Body& body) {
    if (const auto* data = std::get_if<Data>(&body)) {
      fetcher.on_data(id, peer(id), *data, testing::wire_size(body));
    }
    if (const auto* piece = std::get_if<Piece>(&body)) {
      fetcher.on_piece(id, peer(id), *piece, testing::wire_size(body));
    }
    if (const auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, peer(id), *end);
  }
  void refuse(PeerId id, EndReason reason) { give(id, WantEnd{sent<Want>(id).back().want, reason}); }
  void pass(base::MonoTime span) {
    for (; span > 0s; span -= 100ms) {
      time.run_for(100ms);
      live.tick();
    }
  }

  bool growing = false;
  std::vector<TopicPartition> streams;
  std::vector<PeerId> pulled;
  CoreTreePeers peers;
  HeadExchange heads;
  BlockFetcher fetcher;
  LiveFetcher live;
};

TEST(LiveFetcherWants, AsksForWhatComesAfterOurHead) {
  WantsWorld world;
  const PeerId id = world.parent();
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  const Want want = world.sent<Want>(id).front();
  EXPECT_TRUE(want.live);
  EXPECT_EQ(want.begin, 3U);
  EXPECT_EQ(want.tree_size, 3U);
  EXPECT_EQ(want.urgency, Urgency::normal);
  EXPECT_EQ(want.credit, world.core.options().credit_bytes / 4);
  EXPECT_TRUE(world.live.expects_push());
  world.live.stop();
  ASSERT_EQ(world.sent<Cancel>(id).size(), 1U);
  EXPECT_EQ(world.sent<Cancel>(id).front().want, want.want);
  EXPECT_FALSE(world.live.expects_push());
}

TEST(LiveFetcherWants, WithoutAHeadNobodyIsAsked) {
  WantsWorld world;
  const PeerId id = world.join();
  world.live.start();
  world.live.plan();
  EXPECT_TRUE(world.outbox(id).sent.empty());
  EXPECT_FALSE(world.live.expects_push());
}

TEST(LiveFetcherWants, WhatCannotBeAskedIsNotWaitedFor) {
  WantsWorld world;
  world.take_all();
  const PeerId id = world.even();
  world.disk().error = testing::CoreWorld::full();
  world.live.start();
  world.live.plan();
  EXPECT_TRUE(world.outbox(id).sent.empty());
  EXPECT_FALSE(world.live.expects_push());
}

TEST(LiveFetcherWants, NobodyIsAskedWhileAReplyWillMoveOurHead) {
  WantsWorld world;
  world.growing = true;
  const PeerId id = world.parent();
  EXPECT_TRUE(world.outbox(id).sent.empty());
  world.growing = false;
  world.live.plan();
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
}

TEST(LiveFetcherWants, AParentThatPushesStays) {
  WantsWorld world;
  const PeerId id = world.parent();
  for (int i = 0; i < 3; ++i) {
    world.publish();
    Want want = world.sent<Want>(id).back();
    want.base = want.begin = want.tree_size = world.reader.head()->tree_size;
    for (const Body& body : world.serve(want)) world.give(id, body);
    world.pass(2s);
  }
  EXPECT_EQ(world.closed(id), "");
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
  EXPECT_TRUE(world.live.expects_push());
}

TEST(LiveFetcherWants, AParentThatIsBehindForASecondIsLeft) {
  WantsWorld world;
  const PeerId id = world.parent();
  world.publish();
  world.take_all();
  world.live.on_accepted();
  EXPECT_FALSE(world.live.expects_push());
  world.pass(1s);
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
  world.pass(100ms);
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
}

TEST(LiveFetcherWants, AParentThatIsBehindAndStillBringsBlocksIsLeftLater) {
  WantsWorld world;
  const PeerId id = world.parent();
  world.publish(8);
  const std::vector<Body> runs = world.pushes(id);
  ASSERT_GT(runs.size(), 2U) << "in several runs";
  world.give(id, runs[0]);
  world.publish();
  const auto growth = merkle::build_cover(world.publisher.tree(), 11, 12, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 11, {}, *growth).ok());
  world.live.on_accepted();
  world.pass(900ms);
  world.give(id, runs[1]);
  EXPECT_EQ(world.closed(id), "");
  world.pass(900ms);
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
  world.pass(300ms);
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U);
}

TEST(LiveFetcherWants, APeerThatAnnouncesWhatTheParentDoesNotBringReplacesIt) {
  WantsWorld world;
  const PeerId id = world.parent();
  const PeerId other = world.even();
  world.publish();
  world.announce(other);
  EXPECT_TRUE(world.outbox(other).sent.empty()) << "the push may be on its way";
  world.time.run_for(200ms);
  ASSERT_EQ(world.sent<Want>(other).size(), 1U);
  EXPECT_EQ(world.sent<Want>(other).front().urgency, Urgency::missed);
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
  for (const Body& body : world.pushes(other)) world.give(other, body);
  EXPECT_EQ(world.reader.head(), world.head());
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U) << "at once";
  EXPECT_TRUE(world.sent<Cancel>(other).empty());
}

TEST(LiveFetcherWants, TheSecondMissedHeadIsNoticedAsTheFirst) {
  WantsWorld world;
  const PeerId id = world.parent();
  const PeerId other = world.even();
  for (int i = 0; i < 2; ++i) {
    world.publish();
    world.announce(other);
    world.time.run_for(100ms);
    world.take_all();
    world.live.on_accepted();
    world.time.run_for(1s);
  }
  EXPECT_TRUE(world.outbox(other).sent.empty()) << "it came in time";
  world.publish();
  world.announce(other);
  world.time.run_for(200ms);
  EXPECT_EQ(world.sent<Want>(other).size(), 1U);
  EXPECT_EQ(world.closed(id), "");
}

TEST(LiveFetcherWants, WhileTheParentBringsBlocksOfAHeadNobodyElseIsAsked) {
  WantsWorld world;
  const PeerId id = world.parent();
  const PeerId other = world.even();
  world.publish(8);
  const std::vector<Body> runs = world.pushes(id);
  ASSERT_GT(runs.size(), 2U);
  world.give(id, runs[0]);
  world.publish();
  world.time.run_for(400ms);
  world.announce(other);
  world.time.run_for(150ms);
  world.give(id, runs[1]);
  world.time.run_for(400ms);
  EXPECT_TRUE(world.outbox(other).sent.empty());
  world.time.run_for(400ms);
  EXPECT_EQ(world.sent<Want>(other).size(), 1U) << "it stopped";
}

TEST(LiveFetcherWants, WhileTheParentBringsPiecesOfABlockNobodyElseIsAsked) {
  WantsWorld world(200'000);
  world.streams = {feed::testing::stream("t")};
  const PeerId id = world.parent();
  const PeerId other = world.even();
  world.publish();
  const std::vector<Body> parts = world.pushes(id);
  ASSERT_GT(parts.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<Piece>(parts[1]));
  world.give(id, parts[0]);
  world.publish();
  world.time.run_for(400ms);
  world.announce(other);
  world.time.run_for(150ms);
  world.give(id, parts[1]);
  world.time.run_for(400ms);
  EXPECT_EQ(world.closed(id), "");
  EXPECT_TRUE(world.outbox(other).sent.empty());
  world.time.run_for(400ms);
  EXPECT_EQ(world.sent<Want>(other).size(), 1U) << "it stopped";
}

TEST(LiveFetcherWants, APeerThatRefusedIsAskedForItsHeadByAQuestion) {
  WantsWorld world;
  const PeerId id = world.parent();
  world.refuse(id, EndReason::not_held);
  EXPECT_FALSE(world.live.expects_push());
  world.publish();
  world.announce(id);
  world.time.run_for(200ms);
  EXPECT_EQ(world.pulled, std::vector<PeerId>{id});
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
}

TEST(LiveFetcherWants, AHeadBelowThatOfAPeerIsFollowedByAQuestionAtOnce) {
  WantsWorld world;
  const PeerId id = world.join();
  world.live.start();
  world.take_head();
  world.publish();
  world.peer(id).view.head = world.head();
  world.live.on_accepted();
  world.time.run_for(0s);
  EXPECT_EQ(world.sent<Want>(id).size(), 1U);
}

}  // namespace
}  // namespace shoal::replication
