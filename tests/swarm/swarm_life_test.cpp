#include "swarm/swarm_world.h"

#include <dirent.h>

#include <atomic>
#include <iostream>
#include <thread>

namespace shoal::swarm {
namespace {

using namespace testing;

std::size_t open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> files(opendir("/proc/self/fd"), &closedir);
  std::size_t count = 0;
  while (readdir(files.get()) != nullptr) ++count;
  return count;
}

TEST(SwarmLife, ATransportOutlivesItsSwarmHarmlessly) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  pair.left_swarm.reset();
  EXPECT_EQ(pair.left->closed_now(), 1) << "the swarm's end is the end of its connections";
  EXPECT_TRUE(pair.right->wait_closed());
  for (int i = 0; i < 100; ++i) pair.left->transport->send(Bytes(1000, 1));
  pair.left->transport->close("late");
  EXPECT_EQ(pair.left->transport->queued(), 0U);
  EXPECT_FALSE(pair.left->transport->address().host_port.empty());
  EXPECT_EQ(pair.left->closed_now(), 1);
}

TEST(SwarmLife, EndsUnderLoad) {
  for (int round = 0; round < 5; ++round) {
    Pair pair([](Connection& connection) { connection.keep = false; });
    ASSERT_TRUE(pair.connected());
    std::atomic<bool> stop{false};
    std::thread sender([&] {
      while (!stop) {
        if (pair.left->transport->queued() < (std::size_t{1} << 20)) pair.left->transport->send(Bytes(60000, 1));
      }
    });
    std::this_thread::sleep_for(20ms);
    (round % 2 == 0 ? pair.left_swarm : pair.right_swarm).reset();
    EXPECT_TRUE(pair.left->wait_closed());
    stop = true;
    sender.join();
    EXPECT_EQ(pair.left->calls_after_close(), 0);
  }
}

TEST(SwarmLife, FiftyRoundsLeaveNothingBehind) {
  start(loopback());
  const std::size_t before = open_files();
  const auto begin = SteadyClock::now();
  for (int i = 0; i < 50; ++i) {
    const auto swarm = start(loopback());
    ASSERT_TRUE(swarm);
    swarm->join(feed_of(1), std::make_shared<Acceptor>());
    swarm->dial(feed_of(1), "127.0.0.1:9");
    if (i % 2 == 0) swarm->leave(feed_of(1));
  }
  EXPECT_LE(open_files(), before);
  std::cout << "50 rounds in " << seconds_since(begin) << " s\n";
}

TEST(SwarmLife, SaysWhichPortIsTaken) {
  const auto first = start(loopback());
  ASSERT_TRUE(first);
  SwarmOptions options = loopback();
  options.listen = {first->listening()};
  const auto second = start_swarm(options, silent_log());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::io);
  EXPECT_NE(second.error().message.find(first->listening()), std::string::npos);
}

TEST(SwarmLife, OneAddressThatWorksIsEnough) {
  const auto first = start(loopback());
  ASSERT_TRUE(first);
  SwarmOptions options = loopback();
  options.listen = {first->listening(), "127.0.0.1:0"};
  const auto second = start_swarm(options, silent_log());
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE((*second)->listening(), first->listening());
}

TEST(SwarmLife, RefusesAddressesItCannotRead) {
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1", "localhost:1", "::1:1",
                          "lo:1", "127.0.0.1:1x", ":1"}) {
    SwarmOptions options = loopback();
    options.listen = {bad};
    const auto swarm = start_swarm(options, silent_log());
    ASSERT_FALSE(swarm.ok()) << bad;
    EXPECT_EQ(swarm.error().code, Code::invalid_argument) << bad;
  }
  SwarmOptions none = loopback();
  none.listen.clear();
  EXPECT_EQ(start_swarm(none, silent_log()).error().code, Code::invalid_argument);
}

TEST(SwarmLife, ListensOnIpv6Too) {
  SwarmOptions options = loopback();
  options.listen = {"[::1]:0"};
  const auto swarm = start_swarm(options, silent_log());
  if (!swarm.ok()) GTEST_SKIP() << "no IPv6 loopback here: " << swarm.error().message;
  EXPECT_EQ((*swarm)->listening().rfind("[::1]:", 0), 0U);
}

TEST(SwarmLife, CallsForFeedsThatWereNotJoinedDoNothing) {
  const auto swarm = start(loopback());
  swarm->leave(feed_of(9));
  swarm->dial(feed_of(9), "127.0.0.1:1");
  swarm->dial(feed_of(9), "nonsense");
  EXPECT_FALSE(swarm->listening().empty());
}

}  // namespace
}  // namespace shoal::swarm
