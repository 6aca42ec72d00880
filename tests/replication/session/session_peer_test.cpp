#include "replication/session/session_peer.h"

#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using simulation::Connection;
using simulation::make_connection;
using simulation::MemoryTransport;
using simulation::SwarmNode;
using simulation::SwarmWorld;

/// A publisher and a reader that are not connected yet.
struct Two : SwarmWorld {
  Two() : reader(time, "reader", 1) {
    publish_many(20);
    reader.mirror(producer.id());
    reader.follow_all();
  }
  SwarmNode reader;
};

/// Whoever holds the other end of a transport by hand: it reads what comes and says what it likes.
struct Stranger final : PeerTransportHandler {
  std::vector<Bytes> got;
  bool closed = false;
  void on_message(ByteView message) override { got.emplace_back(message.begin(), message.end()); }
  void on_writable() override {}
  void on_closed(std::string_view) override { closed = true; }
};

bool contains(ByteView in, ByteView what) {
  return std::search(in.begin(), in.end(), what.begin(), what.end()) != in.end();
}

TEST(SessionPeer, OlderAndNewerMinorVersionsWorkTogether) {
  for (const bool reader_is_newer : {true, false}) {
    Two world;
    (reader_is_newer ? world.reader : world.publisher).version.minor = 7;
    world.reader.connect(world.publisher);
    ASSERT_TRUE(world.wait([&] { return !world.reader.events.synced.empty(); }));
    world.expect_equal(world.reader);
  }
}

TEST(SessionPeer, AnotherMajorVersionIsTurnedAway) {
  Two world;
  world.reader.version.major = 2;
  const Connection connection = world.reader.connect(world.publisher);
  world.time.run_for(1s);
  EXPECT_FALSE(connection.dialler->open());
  EXPECT_TRUE(world.reader.replicator().peers().empty());
  EXPECT_TRUE(world.publisher.replicator().peers().empty());
  // Both sides say which version the other has, and who has to be updated.
  EXPECT_EQ(
      world.reader.other_versions,
      std::vector<std::string>{"the peer speaks protocol version 1, this node version 2: the peer has to be updated"});
  EXPECT_EQ(
      world.publisher.other_versions,
      std::vector<std::string>{"the peer speaks protocol version 2, this node version 1: this node has to be updated"});
}

TEST(SessionPeer, ConnectingToOurselvesEnds) {
  Two world;
  const Connection connection = world.reader.connect(world.reader);
  world.time.run_for(1s);
  EXPECT_FALSE(connection.dialler->open());
  EXPECT_TRUE(world.reader.replicator().peers().empty());
  EXPECT_TRUE(world.reader.events.blames.empty());
}

TEST(SessionPeer, ABannedNodeKeyIsTurnedAway) {
  Two world;
  world.reader.events.blames.push_back({world.publisher.node_key(), "earlier"});
  const Connection connection = world.reader.connect(world.publisher);
  world.time.run_for(1s);
  EXPECT_FALSE(connection.dialler->open());
  EXPECT_TRUE(world.reader.replicator().peers().empty());
}

TEST(SessionPeer, SaysNothingOfTheFeedToOneWhoDoesNotKnowItsId) {
  Two world;
  const Connection connection = make_connection(world.time, {}, "stranger", "publisher");
  auto stranger = std::make_shared<Stranger>();
  connection.dialler->attach(stranger);
  world.publisher.open(connection.listener);
  Session session(Role::dialler, crypto::ExchangeKeyPair::generate());
  connection.dialler->send(session.hello());
  world.time.run_for(100ms);
  ASSERT_EQ(stranger->got.size(), 2U);  // hello and open
  ASSERT_TRUE(session.on_hello(stranger->got[0]).ok());
  Bytes plain;
  ASSERT_TRUE(session.open(stranger->got[1], plain).ok());
  const Result<Message> said = decode_message(plain);
  ASSERT_TRUE(said.ok() && std::holds_alternative<Open>(said->body));

  // The discovery key is public in the swarm; the capability needs the id.
  Open open{discovery_key(world.producer.id()), session.capability(FeedId{}, Role::dialler, 1)};
  plain.clear();
  encode_message(Message{.channel = 1, .body = open}, plain);
  Bytes record;
  session.seal(plain, record);
  connection.dialler->send(record);
  world.time.run_for(1s);
  EXPECT_EQ(stranger->got.size(), 2U);  // no identity, no head
  EXPECT_TRUE(stranger->closed);
  for (const Bytes& message : stranger->got) {
    EXPECT_FALSE(contains(message, world.producer.id().key.bytes));
    EXPECT_FALSE(contains(message, world.publisher.node_key().bytes));
  }
}

TEST(SessionPeer, EndsAHandshakeThatDoesNotComeToAnEnd) {
  Two world;
  const Connection connection = make_connection(world.time, {}, "stranger", "publisher");
  auto stranger = std::make_shared<Stranger>();
  connection.dialler->attach(stranger);
  world.publisher.open(connection.listener);
  world.time.run_for(4s);
  EXPECT_FALSE(stranger->closed);
  world.time.run_for(2s);
  EXPECT_TRUE(stranger->closed);
}

TEST(SessionPeer, EachStageOfAHandshakeHasItsTime) {
  Two world;
  const Connection connection = make_connection(world.time, {}, "stranger", "publisher");
  auto stranger = std::make_shared<Stranger>();
  connection.dialler->attach(stranger);
  world.publisher.open(connection.listener);
  world.time.run_for(4s);
  // At the last moment each: all together have less than the sum.
  Session session(Role::dialler, crypto::ExchangeKeyPair::generate());
  connection.dialler->send(session.hello());
  world.time.run_for(4s);
  ASSERT_TRUE(session.on_hello(stranger->got[0]).ok());
  EXPECT_FALSE(stranger->closed);
  Bytes plain;
  const FeedId feed = world.producer.id();
  encode_message({.channel = 1, .body = Open{discovery_key(feed), session.capability(feed, Role::dialler, 1)}}, plain);
  Bytes record;
  session.seal(plain, record);
  connection.dialler->send(record);
  world.time.run_for(1s);
  EXPECT_FALSE(stranger->closed);
  world.time.run_for(2s);
  EXPECT_TRUE(stranger->closed);
  EXPECT_TRUE(world.publisher.events.blames.empty());
}

TEST(SessionPeer, EndsWithAPeerThatReadsNextToNothing) {
  Two world;
  world.publish_many(100, 3, 3000);
  simulation::LinkOptions thin;
  thin.bytes_per_second = 150;
  const Connection connection = world.reader.connect(world.publisher, thin);
  world.time.run_for(20s);
  EXPECT_TRUE(connection.listener->open());
  // The few small blocks of the first wants leave in time; the first large message does not.
  world.time.run_for(55s);
  EXPECT_FALSE(connection.listener->open());
  EXPECT_TRUE(world.publisher.events.blames.empty());
  // A slow line is no reason, though.
  simulation::LinkOptions slow;
  slow.bytes_per_second = 20'000;
  world.reader.connect(world.publisher, slow);
  EXPECT_TRUE(world.wait([&] { return !world.reader.events.synced.empty(); }, 300s));
}

TEST(SessionPeer, APinnedKeyIsTheOnlyOneThatIsTalkedTo) {
  for (const bool right : {true, false}) {
    Two world;
    Connection connection = make_connection(world.time, {}, "reader", "publisher");
    const PublicKey pinned = right ? world.publisher.node_key() : world.reader.node_key();
    connection.dialler = std::make_shared<MemoryTransport>(world.time, simulation::LinkOptions{},
                                                           PeerAddress{"publisher", "memory", true, pinned});
    MemoryTransport::join(connection.dialler, connection.listener);
    std::optional<PublicKey> told;
    SessionPeer::Context parts = world.reader.session_parts();
    parts.on_wrong_key = [&](const PeerAddress&, const PublicKey& found) { told = found; };
    connection.dialler->attach(SessionPeer::start(parts, connection.dialler, world.reader.session_feed()));
    world.publisher.open(connection.listener);
    EXPECT_EQ(world.wait([&] { return !world.reader.events.synced.empty(); }, 15s), right);
    EXPECT_EQ(told, right ? std::nullopt : std::optional(world.publisher.node_key()));
    EXPECT_TRUE(world.reader.events.blames.empty());
    connection.dialler->close("done");
    world.time.run_for(0s);
  }
}

TEST(SessionPeer, WhatWaitsForAPeerIsCountedAndGivenBack) {
  Two world;
  const auto memory = std::make_shared<PeerMemory>();
  {
    const Connection connection = make_connection(world.time, {}, "reader", "publisher");
    SessionPeer::Context parts = world.reader.session_parts();
    parts.memory = std::make_shared<PeerMemory::Account>(memory);
    const auto account = parts.memory;
    connection.dialler->attach(SessionPeer::start(std::move(parts), connection.dialler, world.reader.session_feed()));
    world.publisher.open(connection.listener);
    ASSERT_TRUE(world.wait([&] { return !world.reader.events.synced.empty(); }));
    world.time.run_for(1s);
    EXPECT_EQ(account->held(), 0U);
    EXPECT_GT(account->given(), 0U);
    connection.dialler->close("done");
    world.time.run_for(1s);
  }
  world.time.run_for(60s);
  EXPECT_EQ(memory->total(), 0U);
}

TEST(SessionPeer, ChangesOnTheWayEndTheSessionAndBanNobody) {
  // Each of the first messages of either side, changed, cut, doubled and left out.
  for (int side = 0; side < 2; ++side) {
    for (int message = 0; message < 6; ++message) {
      for (int kind = 0; kind < 3; ++kind) {
        Two world;
        const Connection connection = world.reader.connect(world.publisher);
        int count = 0;
        auto& transport = side == 0 ? connection.dialler : connection.listener;
        transport->tap = [&](Bytes& bytes) {
          if (count++ != message) return true;
          if (kind == 0) bytes.back() = static_cast<std::uint8_t>(bytes.back() ^ 0x10);
          if (kind == 1) bytes.pop_back();
          return kind != 2;
        };
        const bool synced = world.wait([&] { return !world.reader.events.synced.empty(); }, 15s);
        EXPECT_FALSE(synced) << side << message << kind;
        EXPECT_TRUE(world.reader.events.blames.empty());
        EXPECT_TRUE(world.publisher.events.blames.empty());
        transport->tap = nullptr;
        // An honest connection afterwards works.
        world.reader.connect(world.publisher);
        EXPECT_TRUE(world.wait([&] { return !world.reader.events.synced.empty(); }, 15s)) << side << message << kind;
      }
    }
  }
}

TEST(SessionPeer, AChangedVersionInTheClearHelloIsNoticed) {
  Two world;
  const Connection connection = world.reader.connect(world.publisher);
  int count = 0;
  connection.listener->tap = [&](Bytes& bytes) {
    if (count++ == 0) bytes[6] = static_cast<std::uint8_t>(bytes[6] + 1);
    return true;
  };
  world.time.run_for(2s);
  EXPECT_FALSE(connection.dialler->open());
  EXPECT_TRUE(world.reader.replicator().peers().empty());
}

}  // namespace
}  // namespace shoal::replication
