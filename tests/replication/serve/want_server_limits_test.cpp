#include "replication/core_world.h"
#include "replication/serve/want_server.h"

namespace shoal::replication {
namespace {

using testing::CoreWorld;

/// A mirror that holds three blocks of 200 kB, with readers that ask for the last one and give no credit.
struct UploadWorld : CoreWorld {
  UploadWorld() : CoreWorld(3, 200'000), peers(core), server(core, peers) { take_all(); }
  PeerId ask(PeerId id, std::uint64_t name = 5, Urgency urgency = Urgency::normal) {
    peer(id).have.complete = false;
    Want want;
    want.want = name;
    want.tree_size = want.end = 3;
    want.begin = 2;
    want.urgency = urgency;
    server.on_want(id, peer(id), want);
    return id;
  }
  std::size_t ends(PeerId id) { return sent<WantEnd>(id).size(); }
  CoreTreePeers peers;
  WantServer server;
};

TEST(WantServer, AMirrorSendsLargeNewBlocksToFourPeersAtATime) {
  UploadWorld world;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(world.ends(world.ask(world.join())), 0U);
  const PeerId fifth = world.ask(world.join());
  ASSERT_EQ(world.ends(fifth), 1U);
  EXPECT_EQ(world.sent<WantEnd>(fifth).front().reason, EndReason::busy);
  EXPECT_EQ(world.ends(world.ask(PeerId{1}, 6)), 0U) << "one of the four may ask for more";
  world.server.on_cancel(PeerId{2}, Cancel{5});
  EXPECT_EQ(world.ends(world.ask(fifth, 6)), 1U) << "there is room again";
}

TEST(WantServer, UploadsToSuspectsAndToPeersThatLeftDoNotCount) {
  UploadWorld world;
  for (int i = 0; i < 4; ++i) world.ask(world.join());
  world.peer(PeerId{1}).suspect = true;
  EXPECT_EQ(world.ends(world.ask(world.join())), 0U);
  EXPECT_EQ(world.ends(world.ask(world.join())), 1U);
  UploadWorld left;
  std::vector<PeerId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(left.join());
  for (std::size_t i = 0; i < 4; ++i) left.ask(ids[i]);
  left.core.peers().erase(ids[0]);
  EXPECT_EQ(left.ends(left.ask(ids[4])), 0U);
}

TEST(WantServer, WantsThatAreNotPacedDoNotCountAsUploads) {
  UploadWorld world;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(world.ends(world.ask(world.join(), 5, Urgency::unstated)), 0U);
  EXPECT_EQ(world.ends(world.ask(world.join())), 0U);
}

TEST(WantServer, AMirrorServesMoreLiveWantsThanAnOwner) {
  for (const bool own : {true, false}) {
    CoreWorld world(20, 16, own);
    if (!own) world.take_all();
    CoreTreePeers peers(world.core);
    WantServer server(world.core, peers);
    std::size_t served = 0;
    for (int i = 0; i < 8; ++i) {
      const PeerId id = world.join();
      Want want;
      want.want = 5;
      want.tree_size = want.base = want.begin = 20;
      want.live = true;
      want.urgency = Urgency::normal;
      server.on_want(id, world.peer(id), want);
      served += world.sent<WantEnd>(id).empty() ? 1U : 0U;
    }
    EXPECT_EQ(served, own ? 2U : 6U);
  }
}

TEST(WantServer, ALiveWantWhoseBlocksAreNotHereEnds) {
  CoreWorld world;
  world.take_all();
  CoreTreePeers peers(world.core);
  WantServer server(world.core, peers);
  const PeerId id = world.join();
  Want want;
  want.want = 5;
  want.tree_size = want.base = want.begin = 20;
  want.live = true;
  want.credit = 1 << 20;
  want.urgency = Urgency::normal;
  server.on_want(id, world.peer(id), want);
  ASSERT_TRUE(world.peer(id).has_live_want);
  world.publish();
  const auto growth = merkle::build_cover(world.publisher.tree(), 20, 21, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 20, {}, *growth).ok());
  server.pump_all();
  ASSERT_EQ(world.sent<WantEnd>(id).size(), 1U);
  EXPECT_EQ(world.sent<WantEnd>(id).front().reason, EndReason::not_held);
  EXPECT_FALSE(world.outbox(id).sent.front().bulk);
  EXPECT_FALSE(world.peer(id).has_live_want);
}

}  // namespace
}  // namespace shoal::replication
