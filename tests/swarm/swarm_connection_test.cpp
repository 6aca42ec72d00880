#include "swarm/swarm_world.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <dirent.h>

#include <cerrno>
#include <cstdlib>
#include <thread>
#include <tuple>

namespace shoal::swarm {
namespace {

using namespace testing;

Bytes message_of(std::size_t size, std::uint8_t seed) {
  Bytes message(size);
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::uint8_t>(seed + i * 31);
  return message;
}

TEST(SwarmConnection, DialsWithoutDht) {
  const auto begin = SteadyClock::now();
  Pair pair;
  ASSERT_TRUE(pair.connected());
  RecordProperty("connect_ms", static_cast<int>(seconds_since(begin) * 1000));
  EXPECT_TRUE(pair.left->transport->address().outgoing);
  EXPECT_FALSE(pair.right->transport->address().outgoing);
  EXPECT_EQ(pair.left->transport->address().transport, "tcp");
  EXPECT_EQ(pair.left->transport->address().host_port, pair.right_swarm->listening());
}

TEST(SwarmConnection, CarriesMessagesOfAllSizesWholeAndInOrderBothWays) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  std::vector<Bytes> sent;
  std::uint8_t seed = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{100}, std::size_t{1460},
                                 std::size_t{4096}, std::size_t{16384}, std::size_t{16385}, std::size_t{65536},
                                 replication::kMaxMessageSize - 1, replication::kMaxMessageSize, std::size_t{0}}) {
    for (int i = 0; i < 3; ++i) sent.push_back(message_of(size, ++seed));
  }
  for (const Bytes& message : sent) {
    pair.left->transport->send(message);
    pair.right->transport->send(message);
  }
  ASSERT_TRUE(pair.left->wait_count(sent.size()));
  ASSERT_TRUE(pair.right->wait_count(sent.size()));
  EXPECT_EQ(pair.left->messages(), sent);
  EXPECT_EQ(pair.right->messages(), sent);
}

TEST(SwarmConnection, CloseGivesEachSideOneOnClosed) {
  for (const bool left_closes : {true, false}) {
    Pair pair;
    ASSERT_TRUE(pair.connected());
    (left_closes ? pair.left : pair.right)->transport->close("enough");
    (left_closes ? pair.left : pair.right)->transport->close("again");
    EXPECT_TRUE(pair.left->wait_closed());
    EXPECT_TRUE(pair.right->wait_closed());
    pair.left->transport->send(message_of(10, 1));
    pair.right->transport->send(message_of(10, 1));
    std::this_thread::sleep_for(50ms);
    for (const auto& side : {pair.left, pair.right}) {
      EXPECT_EQ(side->closed_now(), 1);
      EXPECT_EQ(side->calls_after_close(), 0);
      EXPECT_EQ(side->transport->queued(), 0U);
    }
  }
}

TEST(SwarmConnection, ClosingInsideAHandlerIsSafe) {
  Pair pair([](Connection& connection) {
    connection.on_message_hook = [](Connection& self, ByteView) { self.transport->close("heard enough"); };
  });
  ASSERT_TRUE(pair.connected());
  for (int i = 0; i < 100; ++i) pair.left->transport->send(message_of(1000, 1));
  EXPECT_TRUE(pair.right->wait_closed());
  EXPECT_TRUE(pair.left->wait_closed());
  EXPECT_EQ(pair.right->calls_after_close(), 0);
}

TEST(SwarmConnection, LeavingAFeedEndsItsConnectionsOnly) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  auto left_other = std::make_shared<Acceptor>();
  auto right_other = std::make_shared<Acceptor>();
  pair.left_swarm->join(feed_of(2), left_other);
  pair.right_swarm->join(feed_of(2), right_other);
  pair.left_swarm->dial(feed_of(2), pair.right_swarm->listening());
  const auto other = left_other->wait();
  ASSERT_TRUE(other);
  pair.left_swarm->leave(feed_of(1));
  EXPECT_TRUE(pair.left->wait_closed());
  EXPECT_TRUE(pair.right->wait_closed());
  EXPECT_EQ(other->closed_now(), 0);
}

TEST(SwarmConnection, JoiningAgainReplacesTheAcceptor) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  auto fresh = std::make_shared<Acceptor>();
  pair.left_swarm->join(feed_of(1), fresh);
  EXPECT_TRUE(pair.left->wait_closed());
  pair.left_swarm->dial(feed_of(1), pair.right_swarm->listening());
  EXPECT_TRUE(fresh->wait());
}

TEST(SwarmConnection, DialsAnAddressThatAnswersOnlyLater) {
  SwarmOptions options = loopback();
  std::string address;
  {
    const auto passing = start(options);
    ASSERT_TRUE(passing);
    address = passing->listening();
  }
  const auto left = start(loopback());
  auto acceptor = std::make_shared<Acceptor>();
  left->join(feed_of(1), acceptor);
  left->dial(feed_of(1), address);
  std::this_thread::sleep_for(1500ms);  // refused meanwhile
  options.listen = {address};
  const auto right = start(options);
  ASSERT_TRUE(right);
  right->join(feed_of(1), std::make_shared<Acceptor>());
  const auto begin = SteadyClock::now();
  ASSERT_TRUE(acceptor->wait());
  EXPECT_LT(seconds_since(begin), 8.0);
  RecordProperty("redial_ms", static_cast<int>(seconds_since(begin) * 1000));
}

TEST(SwarmConnection, AStrangerSendsNothingLarge) {
  const auto left_swarm = start(loopback());
  const auto right_swarm = start(loopback());
  const auto left_acceptor = std::make_shared<Acceptor>();
  const auto right_acceptor = std::make_shared<Acceptor>();
  right_acceptor->trusting = false;
  left_swarm->join(feed_of(1), left_acceptor);
  right_swarm->join(feed_of(1), right_acceptor);
  left_swarm->dial(feed_of(1), right_swarm->listening());
  const auto left = left_acceptor->wait();
  const auto right = right_acceptor->wait();
  ASSERT_TRUE(left && right);
  left->transport->send(message_of(replication::kMaxStrangerMessage, 1));
  EXPECT_TRUE(right->wait_count(1));
  left->transport->send(message_of(replication::kMaxStrangerMessage + 1, 1));
  EXPECT_TRUE(right->wait_closed());
  EXPECT_EQ(right->count_now(), 1U);
}

TEST(SwarmConnection, ADialledConnectionTellsWhichKeyWasPinned) {
  const auto left_swarm = start(loopback());
  const auto right_swarm = start(loopback());
  const auto left_acceptor = std::make_shared<Acceptor>();
  const auto right_acceptor = std::make_shared<Acceptor>();
  left_swarm->join(feed_of(1), left_acceptor);
  right_swarm->join(feed_of(1), right_acceptor);
  const PublicKey pinned{feed_of(7).bytes};
  left_swarm->dial(feed_of(1), right_swarm->listening(), pinned);
  const auto left = left_acceptor->wait();
  const auto right = right_acceptor->wait();
  ASSERT_TRUE(left && right);
  EXPECT_EQ(left->transport->address().pinned, pinned);
  EXPECT_EQ(right->transport->address().pinned, std::nullopt);
}

TEST(SwarmConnection, DropsOurselves) {
  const auto swarm = start(loopback());
  auto acceptor = std::make_shared<Acceptor>();
  swarm->join(feed_of(1), acceptor);
  swarm->dial(feed_of(1), swarm->listening());
  EXPECT_FALSE(acceptor->wait(0, 3s));
}

/// How many TCP sockets of this process are connected, and have Nagle's delay off.
struct SocketCount {
  int connected = 0;
  int without_delay = 0;
};

SocketCount count_connected_sockets() {
  SocketCount count;
  const std::unique_ptr<DIR, int (*)(DIR*)> files(opendir("/proc/self/fd"), &closedir);
  while (const dirent* entry = readdir(files.get())) {
    const int descriptor = std::atoi(entry->d_name);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) continue;
    int type = 0;
    size = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) continue;
    ++count.connected;
    int on = 0;
    size = sizeof on;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0 && on != 0) ++count.without_delay;
  }
  return count;
}

TEST(SwarmConnection, TurnsNaglesDelayOff) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  const SocketCount count = count_connected_sockets();
  EXPECT_EQ(count.connected, 2);
  EXPECT_EQ(count.without_delay, 2);
}

/// A plain TCP client that speaks as much of BitTorrent as it is told to.
class Stranger {
 public:
  explicit Stranger(const std::string& host_port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(host_port.c_str() + host_port.rfind(':') + 1)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{15, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Stranger() { ::close(descriptor_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void say(const std::string& text) { std::ignore = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// The BitTorrent handshake, with or without the extension bit (BEP 3, BEP 10).
  void greet(const crypto::Digest& feed, bool extensions) {
    std::string reserved(8, '\0');
    if (extensions) reserved[5] = 0x10;
    std::string hello = '\x13' + std::string("BitTorrent protocol") + reserved;
    hello.append(reinterpret_cast<const char*>(feed.bytes.data()), 20);
    hello += "-XX0000-abcdefghijkl";
    say(hello);
  }
  void extended(char id, const std::string& body) {
    const auto length = static_cast<std::uint32_t>(body.size() + 2);
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift & 0xff);
    say(frame + '\x14' + id + body);
  }
  /// Reads until the other side hangs up; false when it does not.
  bool hung_up() {
    char buffer[4096];
    for (;;) {
      const ssize_t got = recv(descriptor_, buffer, sizeof buffer, 0);
      if (got == 0) return true;
      if (got < 0) return errno == ECONNRESET;
    }
  }

 private:
  int descriptor_;
  bool connected_ = false;
};

TEST(SwarmConnection, DropsStrangers) {
  const auto swarm = start(loopback());
  auto acceptor = std::make_shared<Acceptor>();
  swarm->join(feed_of(1), acceptor);
  {
    Stranger other(swarm->listening());
    ASSERT_TRUE(other.connected());
    other.greet(feed_of(1), true);
    other.extended(0, "d1:md6:ut_pexi1eee");
    EXPECT_TRUE(other.hung_up()) << "another extension";
  }
  {
    Stranger old(swarm->listening());
    ASSERT_TRUE(old.connected());
    old.greet(feed_of(1), false);
    EXPECT_TRUE(old.hung_up()) << "no extensions at all";
  }
  {
    Stranger silent(swarm->listening());
    ASSERT_TRUE(silent.connected());
    silent.greet(feed_of(1), true);
    EXPECT_TRUE(silent.hung_up()) << "does not say what it speaks";
  }
  EXPECT_EQ(acceptor->count(), 0U);
}

TEST(SwarmConnection, AnOversizedMessageEndsTheConnection) {
  const auto swarm = start(loopback());
  auto acceptor = std::make_shared<Acceptor>();
  swarm->join(feed_of(1), acceptor);
  Stranger peer(swarm->listening());
  ASSERT_TRUE(peer.connected());
  peer.greet(feed_of(1), true);
  peer.extended(0, "d1:md5:shoali9eee");
  const auto connection = acceptor->wait();
  ASSERT_TRUE(connection);
  peer.extended(42, std::string(replication::kMaxMessageSize, 'x'));
  ASSERT_TRUE(connection->wait_count(1));
  EXPECT_EQ(connection->closed_now(), 0);
  peer.extended(42, std::string(replication::kMaxMessageSize + 1, 'x'));
  EXPECT_TRUE(connection->wait_closed());
  EXPECT_EQ(connection->count_now(), 1U);
  EXPECT_TRUE(peer.hung_up());
}

TEST(SwarmConnection, BadExtensionHandshakesAreNoPeers) {
  const auto swarm = start(loopback());
  auto acceptor = std::make_shared<Acceptor>();
  swarm->join(feed_of(1), acceptor);
  for (const char* handshake :
       {"d1:md5:shoali0eee", "d1:md5:shoali256eee", "d1:md5:shoali-1eee", "d1:md5:shoal1:aee", "d1:mi5ee", "de"}) {
    Stranger peer(swarm->listening());
    ASSERT_TRUE(peer.connected());
    peer.greet(feed_of(1), true);
    peer.extended(0, handshake);
    EXPECT_TRUE(peer.hung_up()) << handshake;
  }
  EXPECT_EQ(acceptor->count(), 0U);
}

}  // namespace
}  // namespace shoal::swarm
