#include "replication/core_world.h"
#include "replication/serve/want_server.h"
#include "replication/session/peer_memory.h"

using namespace std::chrono_literals;

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

/// An outbox with the memory account of a real connection.
struct AccountOutbox final : Outbox {
  explicit AccountOutbox(std::size_t bound) {
    PeerMemory::Bounds bounds;
    bounds.kept = bound;
    memory = std::make_shared<PeerMemory>(bounds);
    account = std::make_unique<PeerMemory::Account>(memory);
  }
  void send(Message message) override { sent.push_back(std::move(message)); }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void close(std::string_view) override {}
  [[nodiscard]] bool keep(std::size_t bytes) override { return account->keep(bytes); }
  void drop(std::size_t bytes) override { account->drop(bytes); }
  [[nodiscard]] std::vector<EndReason> ends() const {
    std::vector<EndReason> out;
    for (const Message& message : sent) {
      if (const auto* end = std::get_if<WantEnd>(&message.body)) out.push_back(end->reason);
    }
    return out;
  }
  std::shared_ptr<PeerMemory> memory;
  std::unique_ptr<PeerMemory::Account> account;
  std::vector<Message> sent;
};

/// An owner of a topic with many partitions that all go on behind blocks of another topic.
struct WideWorld : CoreWorld {
  static constexpr std::uint32_t kPartitions = 2000;
  WideWorld() : CoreWorld(0, 16, true), peers(core), server(core, peers) {
    EXPECT_TRUE(producer.writer->commit_manifest({.topics = {{"wide", kPartitions, "", ""}}}).ok());
    for (int round = 0; round < 2; ++round) {
      publish(kPartitions, "thin");
      std::vector<feed::PendingBatch> group;
      for (std::uint32_t i = 0; i < kPartitions; ++i) {
        group.push_back(feed::testing::batch_of({"wide", Partition{static_cast<std::int32_t>(i)}}, {1}, 16));
      }
      EXPECT_TRUE(producer.writer->commit(std::move(group)).ok());
    }
    id = join();
    peer(id).have.complete = false;
    outbox_of_id = std::make_shared<AccountOutbox>(std::size_t{80} << 10);
    peer(id).outbox = outbox_of_id;
  }
  Want wide(std::uint64_t name, std::uint64_t credit) const {
    Want want;
    want.want = name;
    want.tree_size = want.end = head().tree_size;
    want.begin = 1;
    want.all_topics = false;
    want.streams = {{"wide", kAllPartitions}};
    want.credit = credit;
    want.urgency = Urgency::normal;
    return want;
  }
  std::size_t held() const { return outbox_of_id->account->held(); }
  CoreTreePeers peers;
  WantServer server;
  PeerId id{0};
  std::shared_ptr<AccountOutbox> outbox_of_id;
};

TEST(WantServer, WhatIsKeptForWantsOfManyPartitionsIsCountedAndBounded) {
  WideWorld world;
  for (std::uint64_t name = 1; name <= 4; ++name) {
    world.server.on_want(world.id, world.peer(world.id), world.wide(name, 0));
  }
  EXPECT_LT(world.held(), 4000U) << "nothing is kept before there is credit";
  EXPECT_TRUE(world.outbox_of_id->ends().empty());
  for (std::uint64_t name = 1; name <= 4; ++name) {
    world.server.on_credit(world.id, Credit{name, 2000});
    for (int turn = 0; turn < 10; ++turn) world.time.run_for(0s);
  }
  // Two have a cursor for each partition; the others would be more than the peer's bound.
  EXPECT_GT(world.held(), 2 * WideWorld::kPartitions * std::size_t{16});
  EXPECT_LE(world.held(), 80U << 10);
  EXPECT_EQ(world.outbox_of_id->ends(), (std::vector<EndReason>{EndReason::busy, EndReason::busy}));
  world.server.forget(world.id);
  EXPECT_EQ(world.held(), 0U);
}

TEST(WantServer, MemoryOfAWantIsGivenBackWithIt) {
  WideWorld world;
  world.server.on_want(world.id, world.peer(world.id), world.wide(1, 2000));
  for (int turn = 0; turn < 10; ++turn) world.time.run_for(0s);
  EXPECT_GT(world.held(), WideWorld::kPartitions * std::size_t{16});
  world.server.on_cancel(world.id, Cancel{1});
  EXPECT_EQ(world.held(), 0U);
}

TEST(WantServer, WithoutReadBudgetAWantWaitsForTime) {
  WideWorld world;
  world.time.run_for(1s);
  ReadBudget& reads = world.peer(world.id).budgets->reads;
  EXPECT_TRUE(reads.left(world.core.now()));
  reads.spend(std::uint64_t{512} << 20);
  world.server.on_want(world.id, world.peer(world.id), world.wide(1, 2000));
  EXPECT_TRUE(world.outbox_of_id->sent.empty());
  world.time.run_for(1s);
  world.server.tick();
  EXPECT_FALSE(world.outbox_of_id->sent.empty());
}

TEST(WantServer, OnePayloadOfAPeerIsInPiecesAtATime) {
  UploadWorld world;
  const PeerId id = world.join();
  for (std::uint64_t name = 5; name < 8; ++name) {
    Want want;
    want.want = name;
    want.tree_size = want.end = 3;
    want.begin = name - 5;
    want.end = want.begin + 1;
    world.server.on_want(id, world.peer(id), want);
  }
  world.outbox(id).waiting = WantServer::kQueueLimit;
  for (std::uint64_t name = 5; name < 8; ++name) world.server.on_credit(id, Credit{name, 1 << 20});
  world.outbox(id).waiting = 0;
  world.server.pump(id);
  std::vector<std::uint64_t> order;
  for (const Piece& piece : world.sent<Piece>(id)) order.push_back(piece.want);
  ASSERT_EQ(order.size(), 12U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace shoal::replication
