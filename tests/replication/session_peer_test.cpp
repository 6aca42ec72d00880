#include "replication/session_peer.h"

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
  world.time.run_for(9s);
  EXPECT_FALSE(stranger->closed);
  world.time.run_for(2s);
  EXPECT_TRUE(stranger->closed);
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
