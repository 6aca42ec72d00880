#include "replication/announcer.h"

#include "replication/core_world.h"
#include "replication/live/core_tree_peers.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

struct AnnounceWorld : testing::CoreWorld {
  explicit AnnounceWorld(bool own = false)
      : CoreWorld(20, 16, own),
        peers(core),
        heads(
            core, [] {}, [] { return false; }),
        announcer(core, peers, heads) {
    if (!own) take_all();
  }
  /// A peer that has announced nothing and was told nothing.
  PeerId ignorant() {
    const PeerId id = join();
    peer(id).view.head.reset();
    return id;
  }
  CoreTreePeers peers;
  HeadExchange heads;
  Announcer announcer;
};

TEST(Announcer, AMirrorAnnouncesANewHeadAtOnce) {
  AnnounceWorld world;
  const PeerId id = world.ignorant();
  EXPECT_TRUE(world.announcer.announce_head());
  ASSERT_EQ(world.sent<Head>(id).size(), 1U);
  EXPECT_EQ(world.sent<Head>(id).front().head, world.head());
  EXPECT_FALSE(world.announcer.announce_head()) << "it did not grow";
  EXPECT_EQ(world.sent<Head>(id).size(), 1U) << "it was told";
}

TEST(Announcer, APeerThatAnnouncedTheHeadHearsItLater) {
  AnnounceWorld world;
  const PeerId id = world.join();
  EXPECT_TRUE(world.announcer.announce_head());
  EXPECT_TRUE(world.sent<Head>(id).empty());
  world.time.run_for(1s);
  world.announcer.send_due_heads();
  ASSERT_EQ(world.sent<Head>(id).size(), 1U) << "we hold it too";
  world.announcer.send_due_heads();
  EXPECT_EQ(world.sent<Head>(id).size(), 1U);
}

TEST(Announcer, WithoutAHeadThereIsNothingToAnnounce) {
  testing::CoreWorld world;
  CoreTreePeers peers(world.core);
  HeadExchange heads(
      world.core, [] {}, [] { return false; });
  Announcer announcer(world.core, peers, heads);
  const PeerId id = world.join();
  EXPECT_FALSE(announcer.announce_head());
  EXPECT_TRUE(world.outbox(id).sent.empty());
}

TEST(Announcer, AHeartbeatGoesToPeersThatKnowTheSizeAndNotTheSignature) {
  AnnounceWorld world(true);
  const feed::Checkpoint before = world.head();
  world.producer.clock.now = world.producer.clock.now + 5000;
  ASSERT_TRUE(world.producer.writer->heartbeat().ok());
  const PeerId told = world.join();
  world.peer(told).notified_head = world.peer(told).view.head = before;
  const PeerId has = world.join();
  world.peer(has).notified_head = before;
  world.peer(has).view.head = world.head();
  const PeerId gone = world.join();
  world.peer(gone).notified_head = world.peer(gone).view.head = before;
  world.peer(gone).gone = true;
  world.announcer.announce_head();
  ASSERT_EQ(world.sent<Head>(told).size(), 1U);
  EXPECT_EQ(world.sent<Head>(told).front().head, world.head());
  EXPECT_TRUE(world.sent<Head>(has).empty());
  EXPECT_TRUE(world.sent<Head>(gone).empty());
  world.announcer.announce_head();
  EXPECT_EQ(world.sent<Head>(told).size(), 1U);
}

TEST(Announcer, SaysWhatIsHeldWhenItChanged) {
  AnnounceWorld world;
  const PeerId id = world.join();
  world.announcer.send_changed_have();
  EXPECT_TRUE(world.sent<Have>(id).empty()) << "nobody said that it changed";
  world.announcer.held_changed();
  world.announcer.send_changed_have();
  ASSERT_EQ(world.sent<Have>(id).size(), 1U);
  EXPECT_TRUE(world.sent<Have>(id).front().complete);
  world.announcer.held_changed();
  world.announcer.send_changed_have();
  EXPECT_EQ(world.sent<Have>(id).size(), 1U) << "it says the same";
}

TEST(Announcer, GrowthOfACompleteHolderFollowsFromItsHeads) {
  AnnounceWorld world;
  const PeerId id = world.join();
  world.announcer.send_have();
  world.publish();
  world.take_all();
  world.announcer.send_have();
  EXPECT_EQ(world.sent<Have>(id).size(), 1U);
  ASSERT_TRUE(world.follower.mirror->prune({BlockIndex{3}}).ok());
  world.announcer.send_have();
  ASSERT_EQ(world.sent<Have>(id).size(), 2U) << "a hole does not";
  EXPECT_EQ(world.sent<Have>(id).back().ranges.size(), 2U);
}

TEST(Announcer, AHeadWithoutItsBlocksIsSaid) {
  AnnounceWorld world;
  const PeerId id = world.join();
  world.announcer.send_have();
  world.publish();
  const auto growth = merkle::build_cover(world.publisher.tree(), 20, 21, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 20, {}, *growth).ok());
  world.announcer.send_have();
  ASSERT_EQ(world.sent<Have>(id).size(), 2U);
  EXPECT_FALSE(world.sent<Have>(id).back().complete);
  world.announcer.send_have();
  EXPECT_EQ(world.sent<Have>(id).size(), 2U) << "it says the same";
}

TEST(Announcer, TheFirstPayloadAfterAllWerePrunedIsSaid) {
  AnnounceWorld world;
  const PeerId id = world.join();
  std::vector<BlockIndex> all;
  for (std::uint64_t i = 0; i < 20; ++i) all.emplace_back(i);
  ASSERT_TRUE(world.follower.mirror->prune(all).ok());
  world.announcer.send_have();
  ASSERT_EQ(world.sent<Have>(id).size(), 1U);
  EXPECT_TRUE(world.sent<Have>(id).front().complete && world.sent<Have>(id).front().ranges.empty());
  world.publish();
  world.take_all();
  world.announcer.send_have();
  ASSERT_EQ(world.sent<Have>(id).size(), 2U);
  EXPECT_EQ(world.sent<Have>(id).back().ranges.size(), 1U);
}

TEST(Announcer, AnOwnerSendsAHeadThatGrewOnceAndToTwoPeersOnly) {
  AnnounceWorld world(true);
  const feed::Checkpoint before = world.head();
  world.publish();
  std::vector<PeerId> told;
  for (int i = 0; i < 4; ++i) {
    told.push_back(world.join());
    world.peer(told.back()).notified_head = world.peer(told.back()).view.head = before;
  }
  world.announcer.announce_head();
  std::size_t sent = 0;
  for (const PeerId id : told) sent += world.sent<Head>(id).size();
  EXPECT_EQ(sent, 2U) << "the others hear it of them";
}

TEST(Announcer, APeerThatIsGoneIsSentNothing) {
  AnnounceWorld world;
  const PeerId id = world.ignorant();
  world.peer(id).gone = true;
  world.announcer.announce_head();
  world.announcer.send_have();
  EXPECT_TRUE(world.outbox(id).sent.empty());
}

}  // namespace
}  // namespace shoal::replication
