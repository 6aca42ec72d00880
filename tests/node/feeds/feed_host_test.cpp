#include "node/feeds/feed_host.h"

#include "node/feeds/host_world.h"
#include "node/feeds/payload_bytes.h"
#include "simulation/direct_link.h"
#include "simulation/swarm_world.h"
#include "store/keyspace.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::DirectLink;
using simulation::SwarmNode;

/// Joins the host with another node.
std::shared_ptr<DirectLink> join(simulation::VirtualTime& time, FeedHost& host, SwarmNode& node) {
  const PublicKey key = feed::testing::test_key(50).public_key();
  return DirectLink::join(time, 5ms, {&host.replicator(), key, {}}, {&node.replicator(), node.node_key(), {}});
}

/// A mirror and the publisher of its feed.
class MirrorHost : public ::testing::Test {
 protected:
  MirrorHost() {
    EXPECT_TRUE(producer_.open().ok());
    publisher_.own(producer_);
    context_ = world_.context();
  }
  void open() { host_ = *FeedHost::open(world_.feed, false, context_); }
  void connect() { link_ = join(world_.time, *host_, publisher_); }
  /// A mirror of everything that holds `blocks` blocks.
  void open_with(int blocks) {
    publish(blocks);
    open();
    host_->set_mirror(MirrorOptions{});
    connect();
    world_.time.run_for(5s);
    ASSERT_EQ(host_->reader().block_prefix(), static_cast<std::uint64_t>(blocks));
  }
  void publish(int blocks, const std::string& topic = "t") {
    for (int i = 0; i < blocks; ++i) {
      ASSERT_TRUE(producer_.writer->commit({batch_of(stream(topic), {++records_}, 1000)}).ok());
      publisher_.replicator().on_committed();
      world_.time.run_for(100ms);
    }
  }
  /// The payload on the disk is not what it was.
  void rot(std::uint64_t block) {
    store::WriteBatch batch;
    batch.put(store::Column::payloads, store::block_key(host_->log().number(), BlockIndex{block}), Bytes(5, 1));
    ASSERT_TRUE(host_->block_store().write(batch, store::Sync::no).ok());
  }
  [[nodiscard]] bool has(std::uint64_t block) const { return *host_->reader().has_payload(BlockIndex{block}); }
  /// How the publisher sees the mirror.
  [[nodiscard]] replication::PeerView seen() { return publisher_.replicator().peers().at(0); }

  testing::HostWorld world_;
  feed::testing::Producer producer_;
  SwarmNode publisher_{world_.time, "publisher", 101};
  FeedHost::Context context_;
  std::shared_ptr<FeedHost> host_;
  std::shared_ptr<DirectLink> link_;
  std::int64_t records_ = 0;
};

TEST_F(MirrorHost, FetchesWhatIsWantedAndSaysThatItIsSynced) {
  publish(3);
  open();
  EXPECT_FALSE(host_->own());
  connect();
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 0U) << "nobody wants it";
  const std::uint64_t version = host_->news().version();
  host_->set_mirror(MirrorOptions{});
  EXPECT_EQ(host_->synced_size(), 0U);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 3U);
  EXPECT_EQ(host_->synced_size(), 3U);
  EXPECT_GT(host_->news().version(), version + 1);
  host_->set_mirror(std::nullopt);
  world_.time.run_for(0s);
  publish(1);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 3U) << "the mirror ended";
}

TEST_F(MirrorHost, FetchesTheTopicsOfItsMirror) {
  publish(2, "a");
  publish(2, "b");
  open();
  MirrorOptions options;
  options.topics = {"b"};
  host_->set_mirror(options);
  connect();
  world_.time.run_for(5s);
  EXPECT_FALSE(has(0));
  EXPECT_TRUE(has(2) && has(3));
}

TEST_F(MirrorHost, AWantEndsWithItsHandle) {
  publish(2);
  open();
  connect();
  auto handle = host_->want({});
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 2U);
  handle.reset();
  world_.time.run_for(0s);
  publish(1);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 2U);
}

TEST_F(MirrorHost, TellsPeersWhatItPrunes) {
  open_with(5);
  EXPECT_EQ(seen().held.begin, BlockIndex{0});
  const auto pruned = host_->prune({BlockIndex{0}, BlockIndex{1}});
  ASSERT_TRUE(pruned.ok());
  EXPECT_GT(pruned->bytes, 2000U);
  world_.time.run_for(2s);
  EXPECT_EQ(seen().held.begin, BlockIndex{2});
  EXPECT_FALSE(has(1));
}

TEST_F(MirrorHost, DropsADamagedBlockAndFetchesItAgain) {
  open_with(5);
  rot(2);
  const std::uint64_t version = host_->news().version();
  EXPECT_EQ(host_->reader().payload(BlockIndex{2}).error().code, Code::corrupt);
  EXPECT_TRUE(has(2)) << "not on the thread that read it";
  link_->close();
  world_.time.run_for(1s);
  EXPECT_FALSE(has(2));
  EXPECT_NE(host_->news().version(), version);
  connect();
  world_.time.run_for(5s);
  EXPECT_TRUE(host_->reader().payload(BlockIndex{2}).ok());
}

TEST_F(MirrorHost, AwaitsADamagedBlockUntilItIsBack) {
  open_with(5);
  link_->close();
  rot(2);
  EXPECT_FALSE(host_->reader().payload(BlockIndex{2}).ok());
  world_.time.run_for(1s);
  host_->close();  // else it would wait for the strand, which this thread runs
  EXPECT_TRUE(host_->awaits_damaged());
  ASSERT_TRUE(host_->mirror()->add_payload(BlockIndex{2}, *producer_.reader().payload(BlockIndex{2})).ok());
  EXPECT_FALSE(host_->awaits_damaged());
}

TEST_F(MirrorHost, AnOfflineMirrorAwaitsNothing) {
  context_.online = false;
  open_with(3);
  rot(2);
  EXPECT_FALSE(host_->reader().payload(BlockIndex{2}).ok());
  world_.time.run_for(1s);
  EXPECT_FALSE(host_->awaits_damaged());
}

TEST_F(MirrorHost, StopsWhenItsAllowanceIsUsedUpAndGoesOnWithANewOne) {
  open_with(2);
  const std::uint64_t each = payload_bytes(host_->log()) / 2;
  host_->set_allowance(each);
  publish(5);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 4U) << "the block that exceeds it is the last";
  EXPECT_TRUE(host_->allowance().exhausted());
  host_->set_allowance(each);
  world_.time.run_for(5s);
  EXPECT_TRUE(has(4));
  host_->set_allowance(std::nullopt);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 7U);
}

TEST_F(MirrorHost, WhatWasPrunedMakesNoRoomInTheAllowance) {
  open_with(2);
  const std::uint64_t each = payload_bytes(host_->log()) / 2;
  host_->set_allowance(2 * each);
  ASSERT_TRUE(host_->prune({BlockIndex{0}, BlockIndex{1}}).ok());
  publish(5);
  world_.time.run_for(5s);
  EXPECT_EQ(payload_bytes(host_->log()), 3 * each);
  EXPECT_TRUE(host_->allowance().exhausted());
}

TEST_F(MirrorHost, FetchesNothingWhileTheBudgetCannotBeKept) {
  open_with(2);
  const std::uint64_t version = host_->news().version();
  host_->set_budget_problem(Error{Code::no_space, "the budget is full", ""});
  EXPECT_NE(host_->news().version(), version);
  world_.time.run_for(0s);
  publish(1);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 2U);
  host_->set_budget_problem(std::nullopt);
  world_.time.run_for(5s);
  EXPECT_EQ(host_->reader().block_prefix(), 3U);
}

TEST_F(MirrorHost, HasAnAudienceWhileSomebodyIsConnectedOrReads) {
  std::vector<std::size_t> counts;
  context_.on_peers = [&](FeedHost&, const std::vector<replication::PeerView>& peers) {
    counts.push_back(peers.size());
  };
  open();
  EXPECT_FALSE(host_->has_audience());
  auto reading = host_->cache().begin(0);
  EXPECT_TRUE(host_->has_audience());
  reading.reset();
  EXPECT_FALSE(host_->has_audience());
  const std::uint64_t version = host_->news().version();
  connect();
  world_.time.run_for(1s);
  EXPECT_TRUE(host_->has_audience());
  EXPECT_NE(host_->news().version(), version);
  link_->close();
  world_.time.run_for(1s);
  EXPECT_FALSE(host_->has_audience());
  ASSERT_FALSE(counts.empty());
  EXPECT_EQ(counts.front(), 1U);
  EXPECT_EQ(counts.back(), 0U);
}

TEST_F(MirrorHost, PassesOnWhoLiesAndWhoFloods) {
  std::vector<std::string> lies;
  std::size_t floods = 0;
  context_.on_blamed = [&](const replication::PeerView&, std::string_view what) { lies.emplace_back(what); };
  context_.on_flooded = [&](const replication::PeerView&) { ++floods; };
  open();
  connect();
  host_->replicator().on_violation(host_->replicator().peers().at(0).id, "it lies");
  world_.time.run_for(1s);
  EXPECT_EQ(lies, std::vector<std::string>{"it lies"});
  connect();
  host_->replicator().on_flood(host_->replicator().peers().at(0).id, "too much");
  world_.time.run_for(1s);
  EXPECT_EQ(floods, 1U);
  EXPECT_EQ(lies.size(), 1U);
}

TEST_F(MirrorHost, KeepsTheProofOfAFork) {
  const feed::testing::ScratchDir forks;
  context_.forks = forks.path();
  feed::testing::Producer other;
  ASSERT_TRUE(other.open().ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(other.writer->commit({batch_of(stream("t"), {1000 + i})}).ok());
  open_with(3);
  EXPECT_FALSE(host_->fork().error().has_value());
  SwarmNode second(world_.time, "second", 102);
  second.own(other);
  const auto link = join(world_.time, *host_, second);
  world_.time.run_for(5s);
  ASSERT_TRUE(host_->fork().error().has_value());
  EXPECT_TRUE(std::filesystem::exists(host_->fork().path()));
}

TEST_F(MirrorHost, ClosingEndsWaitingForGood) {
  open();
  host_->close();
  ASSERT_TRUE(host_->news().closed().has_value());
  EXPECT_EQ(host_->news().closed()->message, "the node is closed");
  bool ran = false;
  EXPECT_FALSE(host_->run([&] { ran = true; }));
  world_.time.run_for(1s);
  EXPECT_FALSE(ran);
}

TEST_F(MirrorHost, ARemovedFeedEndsWaitingForGood) {
  open();
  host_->close_retired({Code::closed, "feed " + host_->id().hex() + " was removed", ""});
  ASSERT_TRUE(host_->news().closed().has_value());
  EXPECT_EQ(host_->news().closed()->message, "feed " + world_.feed.hex() + " was removed");
  EXPECT_FALSE(host_->run([] {}));
}

TEST_F(MirrorHost, WhatWasPostedNeverRunsOnceItIsGone) {
  open();
  bool ran = false;
  host_->post([&] { ran = true; });
  world_.time.run_for(0s);
  EXPECT_TRUE(ran);
  ran = false;
  host_->post([&] { ran = true; });
  host_.reset();
  world_.time.run_for(1s);
  EXPECT_FALSE(ran);
}

TEST_F(MirrorHost, NotifiesOnceTheDelayHasPassed) {
  open();
  host_->notify_after(300ms);
  const std::uint64_t version = host_->news().version();
  world_.time.run_for(299ms);
  EXPECT_EQ(host_->news().version(), version);
  world_.time.run_for(2ms);
  EXPECT_EQ(host_->news().version(), version + 1);
}

/// An own feed and its writer.
class OwnHost : public ::testing::Test {
 protected:
  OwnHost() { context_ = world_.context(); }
  void open() {
    host_ = *FeedHost::open(world_.feed, true, context_);
    writer_ = *feed::FeedWriter::open(host_->log(), *world_.store, *journal_, feed::testing::test_key(7), clock_,
                                      world_.log, {});
  }
  void publish(int blocks, std::int64_t seed = 0) {
    for (int i = 0; i < blocks; ++i) {
      const auto done = writer_->commit({batch_of(stream("t"), {seed + i}, 1000)});
      ASSERT_TRUE(done.ok());
      host_->committed(done->head);
      world_.time.run_for(100ms);
    }
  }
  /// Another node that signs with the same key.
  void other(int blocks, std::int64_t seed) {
    ASSERT_TRUE(twin_.open().ok());
    for (int i = 0; i < blocks; ++i) {
      ASSERT_TRUE(twin_.writer->commit({batch_of(stream("t"), {seed + i}, 1000)}).ok());
    }
    node_.own(twin_);
    link_ = join(world_.time, *host_, node_);
    world_.time.run_for(5s);
  }

  testing::HostWorld world_;
  feed::testing::HandClock clock_;
  std::unique_ptr<store::Journal> journal_ = store::make_memory_journal();
  feed::testing::Producer twin_;
  SwarmNode node_{world_.time, "node", 101};
  FeedHost::Context context_;
  std::shared_ptr<FeedHost> host_;
  std::unique_ptr<feed::FeedWriter> writer_;
  std::shared_ptr<DirectLink> link_;
};

TEST_F(OwnHost, SendsWhatItCommits) {
  std::vector<std::uint64_t> sizes;
  context_.on_committed = [&](const FeedId& id, const feed::Checkpoint& head) {
    EXPECT_EQ(id, world_.feed);
    sizes.push_back(head.tree_size);
  };
  open();
  EXPECT_TRUE(host_->own());
  EXPECT_EQ(host_->want({}), nullptr);
  node_.mirror(world_.feed);
  node_.follow_all();
  link_ = join(world_.time, *host_, node_);
  const std::uint64_t version = host_->news().version();
  publish(2);
  world_.time.run_for(5s);
  EXPECT_EQ(node_.held(), 2U);
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_GE(host_->news().version(), version + 2);
}

TEST_F(OwnHost, OfflineNobodyIsToldWhatItCommits) {
  bool told = false;
  context_.online = false;
  context_.on_committed = [&](const FeedId&, const feed::Checkpoint&) { told = true; };
  open();
  const std::uint64_t version = host_->news().version();
  publish(1);
  EXPECT_FALSE(told);
  EXPECT_NE(host_->news().version(), version);
}

TEST_F(OwnHost, DropsADamagedBlockWhereOwnFeedsChange) {
  std::vector<std::function<void()>> changes;
  context_.change_own = [&](std::function<void()> task) { changes.push_back(std::move(task)); };
  open();
  publish(3);
  store::WriteBatch batch;
  batch.put(store::Column::payloads, store::block_key(host_->log().number(), BlockIndex{1}), Bytes(5, 1));
  ASSERT_TRUE(world_.store->write(batch, store::Sync::no).ok());
  EXPECT_FALSE(host_->reader().payload(BlockIndex{1}).ok());
  world_.time.run_for(1s);
  EXPECT_TRUE(*host_->reader().has_payload(BlockIndex{1}));
  ASSERT_EQ(changes.size(), 1U);
  const std::uint64_t version = host_->news().version();
  changes.front()();
  world_.time.run_for(1s);
  EXPECT_FALSE(*host_->reader().has_payload(BlockIndex{1}));
  EXPECT_NE(host_->news().version(), version);
  EXPECT_FALSE(host_->awaits_damaged()) << "nobody gives it back";
}

TEST_F(OwnHost, SaysThatItWasSignedElsewhere) {
  std::vector<std::uint64_t> sizes;
  context_.on_signed_elsewhere = [&](const feed::Checkpoint& head) { sizes.push_back(head.tree_size); };
  open();
  publish(1);
  other(3, 0);
  EXPECT_EQ(sizes, std::vector<std::uint64_t>{3});
}

TEST_F(OwnHost, SaysThatItForked) {
  std::size_t forks = 0;
  context_.on_own_fork = [&](const feed::ForkProof& proof) { forks += feed::verify_fork_proof(proof).ok() ? 1U : 0U; };
  open();
  publish(2);
  other(2, 1000);
  EXPECT_EQ(forks, 1U);
}

TEST_F(OwnHost, TakesTheReceiptsOfItsMirrors) {
  open();
  publish(2);
  testing::HostWorld other;
  FeedHost::Context context = other.context();
  context.strand = context.flusher = context_.strand;
  context.clock = &world_.time;
  const crypto::KeyPair key = feed::testing::test_key(60);
  context.sign_receipt = [&](feed::Receipt& receipt) { feed::sign_receipt(receipt, key); };
  const auto mirror = *FeedHost::open(world_.feed, false, std::move(context));
  mirror->set_mirror(MirrorOptions{});
  const auto link =
      DirectLink::join(world_.time, 5ms, {&host_->replicator(), feed::testing::test_key(50).public_key(), {}},
                       {&mirror->replicator(), key.public_key(), {}});
  const std::uint64_t version = host_->news().version();
  world_.time.run_for(10s);
  ASSERT_EQ(host_->receipts().all().size(), 1U);
  EXPECT_EQ(host_->receipts().all().front().tree_size, 2U);
  EXPECT_EQ(host_->receipts().all().front().node_key, key.public_key());
  EXPECT_NE(host_->news().version(), version);
  link->close();
  world_.time.run_for(1s);
  host_.reset();
  writer_.reset();
  const auto again = *FeedHost::open(world_.feed, true, context_);
  EXPECT_EQ(again->receipts().all().size(), 1U) << "they stay";
}

}  // namespace
}  // namespace shoal::node
