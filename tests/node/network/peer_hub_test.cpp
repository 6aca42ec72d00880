#include "node/network/peer_hub.h"

#include "node/network/hand_transport.h"
#include "node/network/network_world.h"
#include "replication/session/session.h"

#include <future>
#include <thread>

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using replication::Role;
using replication::Session;

using testing::HandTransport;

class PeerHubTest : public testing::NetworkWorld {
 protected:
  PeerHubTest() : hub_(std::make_shared<PeerHub>(feed::testing::test_key(40), pool_, clock_, log_)) {}
  ~PeerHubTest() override { hub_->close(); }

  /// A stranger connects for the own feed.
  void connect(replication::PeerAddress address = {"192.0.2.1:50000", "tcp", false}) {
    transport_ = std::make_shared<HandTransport>(std::move(address));
    handler_ = hub_->acceptor(own_->id())->on_connected(transport_);
    session_.emplace(transport_->address().outgoing ? Role::listener : Role::dialler,
                     crypto::ExchangeKeyPair::generate());
  }
  void send(std::uint32_t channel, replication::Body body) {
    Bytes plain;
    replication::encode_message({.channel = channel, .body = std::move(body)}, plain);
    Bytes record;
    session_->seal(plain, record);
    handler_->on_message(record);
  }
  /// The whole handshake as the node with this key.
  void shake_hands(const crypto::KeyPair& key) {
    handler_->on_message(session_->hello());
    ASSERT_TRUE(session_->on_hello(transport_->message(0)).ok());
    const FeedId feed = own_->id();
    send(1, replication::Open{replication::discovery_key(feed), session_->capability(feed, session_->role(), 1)});
    replication::Identity identity;
    identity.major = session_->version().major;
    identity.minor = session_->version().minor;
    identity.node_key = key.public_key();
    identity.signature = session_->prove_identity(key);
    send(0, identity);
  }
  /// What was posted to any strand before has run: one that is posted to later runs later.
  void drain() {
    std::promise<void> ran;
    pool_.make_strand()->post([&] { ran.set_value(); });
    ran.get_future().wait();
  }
  [[nodiscard]] std::size_t peers() {
    std::size_t count = 0;
    EXPECT_TRUE(own_->run([&] { count = own_->replicator().peers().size(); }));
    return count;
  }
  [[nodiscard]] bool connected(const PublicKey& node) {
    for (int i = 0; i < 200; ++i) {
      std::size_t count = 0;
      EXPECT_TRUE(own_->run([&] {
        for (const auto& peer : own_->replicator().peers()) count += peer.node_key == node ? 1U : 0U;
      }));
      if (count > 0) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

  std::shared_ptr<PeerHub> hub_;
  std::shared_ptr<HandTransport> transport_;
  std::shared_ptr<replication::PeerTransportHandler> handler_;
  std::optional<Session> session_;
  const crypto::KeyPair other_ = feed::testing::test_key(41);
};

TEST_F(PeerHubTest, AConnectionBecomesAPeerOfTheServedFeed) {
  hub_->serve(*own_);
  connect();
  shake_hands(other_);
  EXPECT_TRUE(connected(other_.public_key()));
  EXPECT_EQ(transport_->closed(0ms), std::nullopt);
}

TEST_F(PeerHubTest, AFeedThatIsNotServedIsClosed) {
  connect();
  EXPECT_EQ(transport_->closed(), "the feed is not served any more");
  hub_->serve(*own_);
  hub_->forget(own_->id());
  connect();
  EXPECT_EQ(transport_->closed(), "the feed is not served any more");
  hub_->serve(*own_);
  hub_->close();
  connect();
  EXPECT_EQ(transport_->closed(), "the feed is not served any more");
}

TEST_F(PeerHubTest, ABannedNodeIsRefusedUntilItsBanEnds) {
  hub_->serve(*own_);
  hub_->ban(other_.public_key());
  connect();
  shake_hands(other_);
  EXPECT_EQ(transport_->closed(), "the peer is turned away");
  clock_.advance(std::chrono::duration_cast<std::chrono::milliseconds>(replication::BanList::kFirstBan));
  connect();
  shake_hands(other_);
  EXPECT_TRUE(connected(other_.public_key()));
}

TEST_F(PeerHubTest, FloodsBanWhenTheyRepeat) {
  hub_->serve(*own_);
  for (unsigned i = 1; i <= replication::BanList::kFloodsToBan; ++i) hub_->note_flood(other_.public_key());
  connect();
  shake_hands(other_);
  EXPECT_EQ(transport_->closed(), "the peer is turned away");
}

TEST_F(PeerHubTest, OneFloodBansNobody) {
  hub_->serve(*own_);
  hub_->note_flood(other_.public_key());
  connect();
  shake_hands(other_);
  EXPECT_TRUE(connected(other_.public_key()));
}

TEST_F(PeerHubTest, BansOutliveARestart) {
  hub_->serve(*own_);
  hub_->ban(other_.public_key());
  hub_->save_bans(*foreign_rows_);
  hub_ = std::make_shared<PeerHub>(feed::testing::test_key(40), pool_, clock_, log_);
  hub_->serve(*own_);
  hub_->load_bans(*foreign_rows_);
  connect();
  shake_hands(other_);
  EXPECT_EQ(transport_->closed(), "the peer is turned away");
  EXPECT_TRUE(warnings().empty());
}

TEST_F(PeerHubTest, AReceiptIsSignedWithTheNodeKey) {
  feed::Receipt receipt;
  receipt.feed = own_->id();
  receipt.tree_size = 1;
  hub_->sign_receipt(receipt);
  EXPECT_EQ(receipt.node_key, hub_->node_key());
  EXPECT_EQ(hub_->node_key(), feed::testing::test_key(40).public_key());
}

TEST_F(PeerHubTest, AStrangerWhoSendsMoreThanMayWaitIsDisconnectedOnce) {
  hub_->serve(*own_);
  connect();
  const Bytes large(replication::PeerMemory::Bounds{}.stranger, 1);
  handler_->on_message(large);
  handler_->on_message(large);
  EXPECT_EQ(transport_->closes(), 1U);
  EXPECT_EQ(transport_->closed(0ms), "sends more than may wait");
}

TEST_F(PeerHubTest, TheWorstConnectionGoesWhenAllTogetherHoldTooMuch) {
  hub_->serve(*own_);
  // Each is refused for itself, but holds what it sent until it is gone.
  const Bytes large(std::size_t{64} << 20, 1);
  const Bytes larger(large.size() + 1, 1);
  std::vector<std::shared_ptr<HandTransport>> transports;
  std::vector<std::shared_ptr<replication::PeerTransportHandler>> handlers;
  for (int i = 0; i < 8; ++i) {
    connect();
    handler_->on_message(i == 3 ? larger : large);
    transports.push_back(transport_);
    handlers.push_back(handler_);
  }
  connect();
  handler_->on_message(session_->hello());
  for (std::size_t i = 0; i < transports.size(); ++i) EXPECT_EQ(transports[i]->closes(), i == 3 ? 2U : 1U) << i;
  EXPECT_EQ(transports[3]->last_reason(), "all peers together hold too much memory");
  // What goes makes room.
  handlers.clear();
  transports.clear();
  connect();
  shake_hands(other_);
  EXPECT_TRUE(connected(other_.public_key()));
  EXPECT_EQ(transport_->closes(), 0U);
}

TEST_F(PeerHubTest, WhatWasHandledHoldsNoMemory) {
  // Of a feed that is not served, so that every message is dropped at once.
  connect();
  ASSERT_TRUE(transport_->closed().has_value());
  const Bytes message(1000, 1);
  for (int i = 0; i < 100; ++i) {
    handler_->on_message(message);
    drain();
  }
  handler_->on_writable();
  handler_->on_closed("over");
  drain();
  EXPECT_EQ(transport_->closes(), 1U);
}

TEST_F(PeerHubTest, WhatWaitsIsSentOnceTheTransportIsWritable) {
  hub_->serve(*own_);
  connect();
  shake_hands(other_);
  ASSERT_TRUE(connected(other_.public_key()));
  transport_->set_queued(std::size_t{1} << 30);
  drain();
  const std::size_t sent = transport_->count();
  commit(2);
  own_->committed(*producer_.log->head());
  drain();
  EXPECT_EQ(transport_->count(), sent);
  transport_->set_queued(0);
  handler_->on_writable();
  EXPECT_FALSE(transport_->message(sent).empty());
}

TEST_F(PeerHubTest, AClosedConnectionIsNoPeerAndLeavesNothing) {
  hub_->serve(*own_);
  std::weak_ptr<replication::Outbox> outbox;
  hub_->wrap_outboxes([&](std::shared_ptr<replication::Outbox> inner) {
    outbox = inner;
    return inner;
  });
  connect();
  shake_hands(other_);
  ASSERT_TRUE(connected(other_.public_key()));
  EXPECT_FALSE(outbox.expired());
  handler_->on_closed("over");
  for (int i = 0; i < 200 && (peers() > 0 || !outbox.expired()); ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(peers(), 0U);
  EXPECT_TRUE(outbox.expired());
}

TEST_F(PeerHubTest, AWrongKeyAtAnAddressIsReportedOnceInAWhile) {
  hub_->serve(*own_);
  const std::string address = "192.0.2.9:7000";
  const auto dial = [&] {
    replication::PeerAddress to{address, "tcp", true, feed::testing::test_key(42).public_key()};
    to.dial_at = address;
    connect(to);
    shake_hands(other_);
    EXPECT_TRUE(transport_->closed().has_value());
  };
  dial();
  dial();
  ASSERT_EQ(warnings().size(), 1U);
  EXPECT_NE(warnings()[0].find("the node at " + address + " has key " + other_.public_key().hex()), std::string::npos);
  clock_.advance(11min);
  dial();
  EXPECT_EQ(warnings().size(), 2U);
}

TEST_F(PeerHubTest, AnotherProtocolVersionIsReportedOnceForEachHost) {
  hub_->serve(*own_);
  for (const char* from : {"192.0.2.1:50000", "192.0.2.1:50001", "192.0.2.2:50000"}) {
    connect({from, "tcp", false});
    session_.emplace(Role::dialler, crypto::ExchangeKeyPair::generate(), replication::Version{2, 0});
    handler_->on_message(session_->hello());
    EXPECT_TRUE(transport_->closed().has_value());
  }
  EXPECT_EQ(warnings().size(), 2U);
}

}  // namespace
}  // namespace shoal::node
