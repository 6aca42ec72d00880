#include "replication/session/session_peer.h"

#include "replication/session/session.h"
#include "simulation/swarm_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

// What a node does when the other end of a session breaks the rules of the handshake (docs/PROTOCOL.md, "Session").
namespace shoal::replication {
namespace {

/// The other end by hand: it dials the publisher and sends what it likes, in any order.
class HandPeer {
 public:
  HandPeer()
      : connection_(simulation::make_connection(world.time, {}, "hand", "publisher")),
        received_(std::make_shared<Received>()),
        session_(Role::dialler, crypto::ExchangeKeyPair::generate()) {
    world.publish_many(3);
    connection_.dialler->attach(received_);
    world.publisher.open(connection_.listener);
  }
  ~HandPeer() {
    connection_.dialler->close("the test ends");
    world.time.run_for(0s);
  }
  HandPeer(const HandPeer&) = delete;
  HandPeer& operator=(const HandPeer&) = delete;

  void hello() {
    connection_.dialler->send(session_.hello());
    run();
    ASSERT_FALSE(received_->messages.empty());
    ASSERT_TRUE(session_.on_hello(received_->messages[0]).ok());
    read_ = 1;
  }
  void send(std::uint32_t channel, Body body) {
    Bytes plain;
    encode_message({.channel = channel, .body = std::move(body)}, plain);
    Bytes record;
    session_.seal(plain, record);
    connection_.dialler->send(record);
    run();
  }
  void send_open(std::uint32_t channel) {
    const FeedId feed = world.producer.id();
    send(channel, Open{discovery_key(feed), session_.capability(feed, Role::dialler, channel)});
  }
  [[nodiscard]] Identity identity() const {
    Identity out;
    out.major = session_.version().major;
    out.minor = session_.version().minor;
    out.node_key = key_.public_key();
    out.signature = session_.prove_identity(key_);
    return out;
  }
  /// The whole handshake, as an honest node does it.
  void open_session() {
    hello();
    send_open(1);
    send(0, identity());
    ASSERT_EQ(peers(), 1U);
  }
  /// The closes that came since the last call.
  std::vector<std::pair<std::uint32_t, std::string>> closes() {
    std::vector<std::pair<std::uint32_t, std::string>> out;
    for (; read_ < received_->messages.size(); ++read_) {
      Bytes plain;
      EXPECT_TRUE(session_.open(received_->messages[read_], plain).ok());
      const Result<Message> message = decode_message(plain);
      if (!message) continue;
      if (const auto* close = std::get_if<Close>(&message->body)) out.emplace_back(message->channel, close->reason);
    }
    return out;
  }

  [[nodiscard]] bool ended() const { return received_->closed; }
  [[nodiscard]] std::size_t peers() { return world.publisher.replicator().peers().size(); }
  [[nodiscard]] const std::vector<simulation::EventLog::Blame>& blames() const { return world.publisher.events.blames; }
  [[nodiscard]] const crypto::KeyPair& key() const { return key_; }
  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] bool said(const std::string& what) const {
    const auto& lines = world.publisher.log().lines;
    return std::find(lines.begin(), lines.end(), "refused hand: " + what) != lines.end();
  }

  simulation::SwarmWorld world;

 private:
  struct Received final : PeerTransportHandler {
    std::vector<Bytes> messages;
    bool closed = false;
    void on_message(ByteView message) override { messages.emplace_back(message.begin(), message.end()); }
    void on_writable() override {}
    void on_closed(std::string_view) override { closed = true; }
  };
  void run() { world.time.run_for(20ms); }

  simulation::Connection connection_;
  std::shared_ptr<Received> received_;
  Session session_;
  crypto::KeyPair key_ = feed::testing::test_key(55);
  std::size_t read_ = 0;
};

TEST(SessionPeer, AnHonestHandshakeByHandMakesAPeer) {
  HandPeer hand;
  hand.open_session();
  EXPECT_FALSE(hand.ended());
  EXPECT_EQ(hand.world.publisher.replicator().peers()[0].node_key, hand.key().public_key());
}

TEST(SessionPeer, TheSignatureOfANodeIdentityIsChecked) {
  const crypto::KeyPair other = feed::testing::test_key(56);
  for (int kind = 0; kind < 3; ++kind) {
    HandPeer hand;
    hand.hello();
    hand.send_open(1);
    Identity identity = hand.identity();
    if (kind == 0) identity.node_key = other.public_key();
    if (kind == 1) identity.signature = hand.session().prove_identity(other);
    if (kind == 2) identity.signature.bytes[0] ^= 1;
    hand.send(0, identity);
    EXPECT_TRUE(hand.ended()) << kind;
    EXPECT_EQ(hand.peers(), 0U) << kind;
    EXPECT_TRUE(hand.said("the peer does not hold its node key")) << kind;
  }
}

TEST(SessionPeer, AFeedIsOpenedUnderOneNumberOnly) {
  HandPeer hand;
  hand.open_session();
  hand.send_open(2);
  EXPECT_TRUE(hand.ended());
  ASSERT_EQ(hand.blames().size(), 1U);
  EXPECT_EQ(hand.blames()[0].node, hand.key().public_key());
  EXPECT_EQ(hand.blames()[0].what, "a feed was opened twice");
}

TEST(SessionPeer, ASecondOpenBeforeTheIdentityEndsTheSessionToo) {
  HandPeer hand;
  hand.hello();
  hand.send_open(1);
  hand.send_open(2);
  EXPECT_TRUE(hand.ended());
  EXPECT_TRUE(hand.said("a feed was opened twice"));
}

TEST(SessionPeer, AChannelNumberIsUsedOnceAndIsNotZero) {
  for (const std::uint32_t channel : {1U, 0U}) {
    HandPeer hand;
    hand.open_session();
    hand.send_open(channel);
    EXPECT_TRUE(hand.ended());
    ASSERT_EQ(hand.blames().size(), 1U);
    EXPECT_EQ(hand.blames()[0].what, "a channel was opened twice");
  }
}

TEST(SessionPeer, AnIdentityComesOnceAfterTheOpenAndOnNoChannel) {
  {
    HandPeer hand;
    hand.hello();
    hand.send(0, hand.identity());
    EXPECT_TRUE(hand.ended());
    EXPECT_TRUE(hand.said("an identity before the feed was opened"));
  }
  {
    HandPeer hand;
    hand.hello();
    hand.send_open(1);
    hand.send(1, hand.identity());
    EXPECT_TRUE(hand.ended());
    EXPECT_EQ(hand.peers(), 0U);
    EXPECT_TRUE(hand.said("an identity on a channel"));
  }
  {
    HandPeer hand;
    hand.open_session();
    hand.send(0, hand.identity());
    EXPECT_TRUE(hand.ended());
    ASSERT_EQ(hand.blames().size(), 1U);
    EXPECT_EQ(hand.blames()[0].what, "a second identity");
  }
}

TEST(SessionPeer, AnIdentityOfAnotherVersionThanTheHelloEndsTheSession) {
  HandPeer hand;
  hand.hello();
  hand.send_open(1);
  Identity identity = hand.identity();
  ++identity.minor;
  hand.send(0, identity);
  EXPECT_TRUE(hand.ended());
  EXPECT_EQ(hand.peers(), 0U);
}

TEST(SessionPeer, NothingOfAFeedIsTakenBeforeTheIdentity) {
  HandPeer hand;
  hand.hello();
  hand.send_open(1);
  hand.send(1, NoHead{});
  EXPECT_TRUE(hand.ended());
  EXPECT_TRUE(hand.said("a message on a channel that is not open"));
}

TEST(SessionPeer, AMessageOnAnUnknownChannelIsAViolation) {
  HandPeer hand;
  hand.open_session();
  hand.send(7, NoHead{});
  EXPECT_TRUE(hand.ended());
  ASSERT_EQ(hand.blames().size(), 1U);
  EXPECT_EQ(hand.blames()[0].what, "a message on a channel that is not open");
}

TEST(SessionPeer, AClosedChannelEndsThePeerAndNotTheSession) {
  HandPeer hand;
  hand.open_session();
  hand.send(1, NoHead{});
  hand.send(1, Close{"enough"});
  EXPECT_EQ(hand.peers(), 0U);
  EXPECT_FALSE(hand.ended());
  hand.send(1, NoHead{});  // was on its way
  EXPECT_FALSE(hand.ended());
  hand.send(0, Close{"bye"});
  EXPECT_TRUE(hand.ended());
  EXPECT_TRUE(hand.blames().empty());
}

TEST(SessionPeer, AFeedThatIsNotHereEndsASessionThatHasNoOther) {
  HandPeer hand;
  hand.hello();
  hand.send(1, Open{discovery_key(FeedId{}), {}});
  EXPECT_TRUE(hand.ended());
}

TEST(SessionPeer, FeedsThatAreNotHereAreRefusedUpToALimit) {
  constexpr std::uint32_t kMost = 1024;
  HandPeer hand;
  hand.open_session();
  hand.send(1, NoHead{});
  EXPECT_TRUE(hand.closes().empty());
  const Open open{discovery_key(FeedId{}), {}};
  for (std::uint32_t i = 0; i < kMost; ++i) hand.send(2 + i, open);
  const auto closes = hand.closes();
  ASSERT_EQ(closes.size(), kMost);
  EXPECT_EQ(closes[0], (std::pair<std::uint32_t, std::string>(2, "no such feed here")));
  EXPECT_FALSE(hand.ended());
  hand.send(2 + kMost, open);
  EXPECT_TRUE(hand.ended());
  EXPECT_TRUE(hand.blames().empty());
  ASSERT_EQ(hand.world.publisher.events.floods.size(), 1U);
  EXPECT_EQ(hand.world.publisher.events.floods[0].what, "asks for too many feeds that are not here");
}

}  // namespace
}  // namespace shoal::replication
