#include "replication/heads/receipt_exchange.h"

#include "merkle/tree_range.h"
#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::SwarmNode;
using simulation::SwarmWorld;

/// What an honest node with this key may sign of the first `size` blocks of the publisher's feed.
feed::Receipt receipt_of(const SwarmWorld& world, const crypto::KeyPair& key, std::uint64_t size) {
  feed::Receipt receipt;
  receipt.feed = world.producer.id();
  receipt.tree_size = size;
  receipt.root = merkle::range_hashes(world.publisher.reader().tree(), {{0, size}})->front();
  receipt.time = receipt.since = UnixMs(1'700'000'000'000);
  feed::sign_receipt(receipt, key);
  return receipt;
}

/// A publisher with blocks, and a mirror that has them all.
struct ReceiptWorld : SwarmWorld {
  ReceiptWorld() : mirror(time, "mirror", 1) {
    publish_many(20);
    mirror.mirror(producer.id());
    mirror.follow_all();
  }
  void connect() {
    mirror.connect(publisher);
    ASSERT_TRUE(wait([&] { return mirror.held() == size(); }));
  }
  SwarmNode mirror;
};

TEST(ReceiptExchange, AReceiptReachesTheOwnerThatAsked) {
  ReceiptWorld world;
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  world.connect();
  ASSERT_TRUE(world.wait([&] { return !world.mirror.events.demands.empty(); }));
  EXPECT_EQ(world.mirror.events.demands.back(), ReceiptDemand::wanted);
  const auto first = receipt_of(world, world.mirror.node_key_pair(), 7);
  const auto second = receipt_of(world, world.mirror.node_key_pair(), world.size());
  world.mirror.replicator().give_receipt(first);
  world.mirror.replicator().give_receipt(second);
  ASSERT_TRUE(world.wait([&] { return world.publisher.events.receipts.size() == 2; }));
  EXPECT_EQ(world.publisher.events.receipts, (std::vector{first, second}));
}

TEST(ReceiptExchange, WhoAsksLaterGetsTheNewest) {
  ReceiptWorld world;
  world.connect();
  world.mirror.replicator().give_receipt(receipt_of(world, world.mirror.node_key_pair(), 7));
  const auto newest = receipt_of(world, world.mirror.node_key_pair(), 9);
  world.mirror.replicator().give_receipt(newest);
  world.time.run_for(5s);
  EXPECT_TRUE(world.publisher.events.receipts.empty());  // it did not ask
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  ASSERT_TRUE(world.wait([&] { return !world.publisher.events.receipts.empty(); }));
  EXPECT_EQ(world.publisher.events.receipts, std::vector{newest});
}

TEST(ReceiptExchange, TheMirrorKnowsWhetherSomebodyWaits) {
  ReceiptWorld world;
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  world.connect();
  const auto expect = [&](ReceiptDemand demand) {
    EXPECT_TRUE(world.wait(
        [&] { return !world.mirror.events.demands.empty() && world.mirror.events.demands.back() == demand; }, 2s));
  };
  expect(ReceiptDemand::wanted);
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  expect(ReceiptDemand::awaited);
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  expect(ReceiptDemand::wanted);
  world.publisher.disconnect_all();
  expect(ReceiptDemand::none);
}

TEST(ReceiptExchange, ANodeOfAnOlderVersionIsNeitherAskedNorTold) {
  ReceiptWorld world;
  world.mirror.version.minor = 1;
  world.publisher.replicator().ask_receipts(ReceiptDemand::awaited);
  world.connect();
  world.mirror.replicator().give_receipt(receipt_of(world, world.mirror.node_key_pair(), 7));
  world.time.run_for(20s);
  EXPECT_TRUE(world.mirror.events.demands.empty());
  EXPECT_TRUE(world.mirror.events.blames.empty());
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(ReceiptExchange, WhatCannotBeComparedIsNotBelievedAndNobodyIsBlamed) {
  ReceiptWorld world;
  world.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
  world.connect();
  feed::Receipt longer = receipt_of(world, world.mirror.node_key_pair(), world.size());
  longer.tree_size += 1;
  feed::sign_receipt(longer, world.mirror.node_key_pair());
  feed::Receipt later_epoch = longer;
  later_epoch.epoch = Epoch(1);
  feed::sign_receipt(later_epoch, world.mirror.node_key_pair());
  world.mirror.replicator().give_receipt(longer);
  world.mirror.replicator().give_receipt(later_epoch);
  world.time.run_for(5s);
  EXPECT_TRUE(world.publisher.events.receipts.empty());
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(ReceiptExchange, WhatCameBeforeTheHeadIsComparedWithIt) {
  ReceiptWorld world;
  world.connect();
  const auto receipt = receipt_of(world, world.mirror.node_key_pair(), world.size());
  world.mirror.replicator().give_receipt(receipt);
  SwarmNode reader(world.time, "reader", 3);
  reader.mirror(world.producer.id());
  reader.replicator().ask_receipts(ReceiptDemand::wanted);
  reader.connect(world.mirror);
  ASSERT_TRUE(world.wait([&] { return !reader.events.receipts.empty(); }, 5s));
  EXPECT_EQ(reader.events.receipts, std::vector{receipt});
}

/// A peer of the publisher that says what the test wants.
class HostileMirror : public ::testing::Test {
 protected:
  struct Silence final : Outbox {
    void send(Message) override {}
    [[nodiscard]] std::size_t queued() const override { return 0; }
    void close(std::string_view) override { closed = true; }
    bool closed = false;
  };

  HostileMirror() : key_(feed::testing::test_key(66)) {
    world_.publish_many(20);
    world_.publisher.replicator().ask_receipts(ReceiptDemand::wanted);
    peer_ = join();
  }
  PeerId join() {
    const PeerId peer =
        world_.publisher.replicator().add_peer({"hostile", "direct", false}, key_.public_key(), outbox_);
    world_.publisher.replicator().on_message(peer, Message{.body = NoHead{}});
    return peer;
  }
  feed::Receipt honest(std::uint64_t size) { return receipt_of(world_, key_, size); }
  void give(const Bytes& bytes) {
    world_.publisher.replicator().on_message(peer_, Message{.body = ReceiptMessage{ReceiptPurpose::given, bytes}});
    world_.time.run_for(1ms);
  }
  void give_signed(feed::Receipt receipt) {
    const PublicKey claimed = receipt.node_key;
    feed::sign_receipt(receipt, key_);
    receipt.node_key = claimed;
    give(feed::encode_receipt(receipt));
  }
  [[nodiscard]] bool blamed() const { return !world_.publisher.events.blames.empty(); }
  [[nodiscard]] std::size_t believed() const { return world_.publisher.events.receipts.size(); }

  SwarmWorld world_;
  crypto::KeyPair key_;
  std::shared_ptr<Silence> outbox_ = std::make_shared<Silence>();
  PeerId peer_{0};
};

TEST_F(HostileMirror, TheHonestReceiptIsBelieved) {
  give(feed::encode_receipt(honest(7)));
  give(feed::encode_receipt(honest(7)));
  give(feed::encode_receipt(honest(20)));
  EXPECT_EQ(believed(), 3U);
  EXPECT_FALSE(blamed());
}

TEST_F(HostileMirror, AnyFlippedBitIsBlamedAndNothingIsBelieved) {
  const Bytes whole = feed::encode_receipt(honest(7));
  for (std::size_t bit = 0; bit < whole.size() * 8; bit += 3) {
    Bytes flipped = whole;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    world_.publisher.events.blames.clear();
    give(flipped);
    EXPECT_TRUE(blamed()) << "bit " << bit;
    world_.publisher.replicator().remove_peer(peer_);
    world_.time.run_for(std::chrono::milliseconds(20));  // its budget of receipts outlives the session
    peer_ = join();
  }
  EXPECT_EQ(believed(), 0U);
}

TEST_F(HostileMirror, ATrueReceiptOfAnotherFeedIsBlamed) {
  feed::Receipt other = honest(7);
  other.feed.key.bytes[0] ^= 1;
  give_signed(other);
  EXPECT_TRUE(blamed());
  EXPECT_EQ(believed(), 0U);
}

TEST_F(HostileMirror, ATrueReceiptOfAnotherNodeIsBlamed) {
  give(feed::encode_receipt(receipt_of(world_, feed::testing::test_key(67), 7)));
  EXPECT_TRUE(blamed());
  EXPECT_EQ(believed(), 0U);
}

TEST_F(HostileMirror, ATreeThatIsNotTheFeedsIsBlamed) {
  feed::Receipt other = honest(7);
  other.root.bytes[5] ^= 1;
  give_signed(other);
  EXPECT_TRUE(blamed());
  EXPECT_EQ(believed(), 0U);
}

TEST_F(HostileMirror, AMirrorThatLostBlocksHoldsLessAndIsNotBlamed) {
  const auto signed_at = [&](std::uint64_t size, std::int64_t later) {
    feed::Receipt receipt = honest(size);
    receipt.time = receipt.time + later;
    give_signed(receipt);
    return world_.publisher.events.receipts.back().tree_size;
  };
  EXPECT_EQ(signed_at(9, 0), 9U);
  EXPECT_EQ(signed_at(8, 0), 9U) << "an older one that comes late is no news";
  EXPECT_EQ(signed_at(4, 1), 4U);
  EXPECT_EQ(signed_at(9, 2), 9U) << "healed";
  EXPECT_FALSE(blamed());
}

TEST_F(HostileMirror, InALaterSessionLessMayBeHeld) {
  give(feed::encode_receipt(honest(9)));
  world_.publisher.replicator().remove_peer(peer_);
  peer_ = join();
  give(feed::encode_receipt(honest(4)));
  EXPECT_FALSE(blamed());
  EXPECT_EQ(world_.publisher.events.receipts.back().tree_size, 4U);
}

TEST_F(HostileMirror, AFloodEndsTheSession) {
  const Bytes receipt = feed::encode_receipt(honest(7));
  for (int i = 0; i < 5'000; ++i) give(receipt);
  EXPECT_EQ(world_.publisher.events.floods.size(), 1U);
  EXPECT_TRUE(outbox_->closed);
  EXPECT_LT(believed(), 1'000U);
}

TEST_F(HostileMirror, AReceiptThatNobodyAskedForIsBlamed) {
  SwarmNode reader(world_.time, "reader", 9);
  reader.mirror(world_.producer.id());
  const PeerId peer = reader.replicator().add_peer({"hostile", "direct", false}, key_.public_key(), outbox_);
  reader.replicator().on_message(peer, Message{.body = NoHead{}});
  reader.replicator().on_message(
      peer, Message{.body = ReceiptMessage{ReceiptPurpose::given, feed::encode_receipt(honest(7))}});
  world_.time.run_for(1ms);
  EXPECT_EQ(reader.events.blames.size(), 1U);
}

TEST_F(HostileMirror, AsManyQuestionsAsItLikesCostNothingThatAdds) {
  for (int i = 0; i < 20; ++i) {
    world_.publisher.replicator().on_message(
        peer_, Message{.body = ReceiptMessage{i % 2 == 0 ? ReceiptPurpose::wanted : ReceiptPurpose::awaited, {}}});
  }
  world_.time.run_for(1ms);
  EXPECT_FALSE(blamed());
  EXPECT_EQ(world_.publisher.events.demands.back(), ReceiptDemand::awaited);
}

}  // namespace
}  // namespace shoal::replication
