#include "swarm/swarm_world.h"

#include <iostream>
#include <thread>

namespace shoal::swarm {
namespace {

using namespace testing;

/// A node of a private DHT that joined the feed.
struct Member {
  explicit Member(const std::string& bootstrap) : acceptor(std::make_shared<Acceptor>()) {
    swarm = start(loopback({bootstrap}));
    if (swarm) swarm->join(feed_of(1), acceptor);
  }
  std::shared_ptr<Acceptor> acceptor;
  std::unique_ptr<Swarm> swarm;
};

/// Waits for a connection that is open.
bool wait_open(Acceptor& acceptor, SteadyClock::duration timeout) {
  const auto end = SteadyClock::now() + timeout;
  while (SteadyClock::now() < end) {
    if (acceptor.open() > 0) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

TEST(SwarmDiscovery, TwoFindEachOtherThroughAThird) {
  const auto bootstrap = start_bootstrap();
  const auto begin = SteadyClock::now();
  Member left(bootstrap->listening());
  Member right(bootstrap->listening());
  ASSERT_TRUE(left.acceptor->wait(0, 10s));
  ASSERT_TRUE(right.acceptor->wait(0, 10s));
  RecordProperty("found_ms", static_cast<int>(seconds_since(begin) * 1000));
  std::cout << "found after " << seconds_since(begin) << " s by "
            << left.acceptor->wait()->transport->address().transport << "\n";
}

TEST(SwarmDiscovery, CountsDhtNodes) {
  const auto bootstrap = start_bootstrap();
  Member left(bootstrap->listening());
  Member right(bootstrap->listening());
  // Entry points do not count among the nodes of those who came in by them.
  for (Swarm* swarm : {bootstrap.get(), left.swarm.get(), right.swarm.get()}) {
    const auto end = SteadyClock::now() + kPatience;
    while (swarm->dht_nodes() == 0 && SteadyClock::now() < end) std::this_thread::sleep_for(20ms);
    EXPECT_GE(swarm->dht_nodes(), 1U);
  }
  EXPECT_EQ(start(loopback())->dht_nodes(), 0U);
}

TEST(SwarmDiscovery, ALatecomerFindsSettledMembers) {
  const auto bootstrap = start_bootstrap();
  Member left(bootstrap->listening());
  Member right(bootstrap->listening());
  ASSERT_TRUE(wait_open(*left.acceptor, 10s));
  std::this_thread::sleep_for(500ms);
  const auto begin = SteadyClock::now();
  Member late(bootstrap->listening());
  EXPECT_TRUE(wait_open(*late.acceptor, 10s));
  std::cout << "latecomer connected after " << seconds_since(begin) << " s\n";
}

TEST(SwarmDiscovery, APeerThatComesBackElsewhereIsFoundAgain) {
  const auto bootstrap = start_bootstrap();
  Member stays(bootstrap->listening());
  auto goes = std::make_unique<Member>(bootstrap->listening());
  ASSERT_TRUE(wait_open(*stays.acceptor, 10s));
  goes.reset();
  ASSERT_TRUE(stays.acceptor->wait()->wait_closed());
  goes = std::make_unique<Member>(bootstrap->listening());
  const auto begin = SteadyClock::now();
  EXPECT_TRUE(wait_open(*goes->acceptor, 10s));
  EXPECT_LT(seconds_since(begin), 5.0);
  std::cout << "found again after " << seconds_since(begin) << " s\n";
}

TEST(SwarmDiscovery, AnotherMirrorTakesOverFromOneThatDies) {
  const auto bootstrap = start_bootstrap();
  auto first = std::make_unique<Member>(bootstrap->listening());
  Member reader(bootstrap->listening());
  ASSERT_TRUE(wait_open(*reader.acceptor, 10s));
  // The reader looks rarely by now: the second finds it.
  Member second(bootstrap->listening());
  std::this_thread::sleep_for(1s);
  first.reset();
  const auto begin = SteadyClock::now();
  EXPECT_TRUE(wait_open(*reader.acceptor, 10s));
  EXPECT_LT(seconds_since(begin), 3.0);
  std::cout << "taken over after " << seconds_since(begin) << " s\n";
}

TEST(SwarmDiscovery, PeersAreToldOfEachOtherByOneThatBothKnow) {
  const auto hub = start(loopback());
  const auto left = start(loopback());
  const auto right = start(loopback());
  const auto left_acceptor = std::make_shared<Acceptor>();
  const auto right_acceptor = std::make_shared<Acceptor>();
  hub->join(feed_of(1), std::make_shared<Acceptor>());
  left->join(feed_of(1), left_acceptor);
  right->join(feed_of(1), right_acceptor);
  left->dial(feed_of(1), hub->listening());
  ASSERT_TRUE(left_acceptor->wait());
  right->dial(feed_of(1), hub->listening());
  // Without a DHT and without the local network: peer exchange is the only way.
  EXPECT_TRUE(left_acceptor->wait(1));
  EXPECT_TRUE(right_acceptor->wait(1));
}

TEST(SwarmDiscovery, ManyFeedsFindEachOther) {
  const auto bootstrap = start_bootstrap();
  const auto left = start(loopback({bootstrap->listening()}));
  const auto right = start(loopback({bootstrap->listening()}));
  constexpr int kFeeds = 50;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  for (int i = 0; i < kFeeds; ++i) {
    acceptors.push_back(std::make_shared<Acceptor>());
    left->join(feed_of(i), acceptors.back());
    right->join(feed_of(i), std::make_shared<Acceptor>());
  }
  for (int i = 0; i < kFeeds; ++i) EXPECT_TRUE(acceptors[static_cast<std::size_t>(i)]->wait()) << i;
}

}  // namespace
}  // namespace shoal::swarm
