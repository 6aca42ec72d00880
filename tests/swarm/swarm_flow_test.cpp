#include "swarm/swarm_world.h"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

namespace shoal::swarm {
namespace {

using namespace testing;

constexpr std::size_t kQueueLimit = std::size_t{128} << 10;

/// Sends `total` messages as a session does: as long as they fit the limit, and on when notified that there is room.
class Pump {
 public:
  Pump(std::shared_ptr<replication::PeerTransport> transport, std::size_t size, std::size_t total)
      : transport_(std::move(transport)), message_(size, 0x5a), left_(total) {}

  void run() {
    const std::lock_guard lock(mutex_);
    while (left_ > 0) {
      const std::size_t held = transport_->queued();
      if (held > 0 && held + message_.size() > kQueueLimit) return;
      transport_->send(message_);
      --left_;
    }
  }
  std::size_t left() {
    const std::lock_guard lock(mutex_);
    return left_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<replication::PeerTransport> transport_;
  Bytes message_;
  std::size_t left_;
};

/// Sends `count` messages of `size` one way and gives the seconds it took; negative when they do not all arrive.
double transfer(Pair& pair, std::size_t size, std::size_t count) {
  Pump pump(pair.left->transport, size, count);
  pair.left->set_on_writable([&] { pump.run(); });
  const auto begin = SteadyClock::now();
  pump.run();
  const bool all = pair.right->wait_count(count, 60s);
  const double seconds = seconds_since(begin);
  pair.left->set_on_writable(nullptr);  // no callback outlives the pump
  return all ? seconds : -1;
}

TEST(SwarmFlow, MovesBulkWithinTheQueueLimit) {
  Pair pair([](Connection& connection) { connection.keep = false; });
  ASSERT_TRUE(pair.connected());
  constexpr std::size_t kSize = std::size_t{64} << 10;
  constexpr std::size_t kCount = (std::size_t{200} << 20) / kSize;
  const double seconds = transfer(pair, kSize, kCount);
  ASSERT_GT(seconds, 0);
  std::cout << "200 MiB in " << seconds << " s: " << 209.7 / seconds << " MB/s\n";
}

// Any sizes must be notified of room in the end: the limit minus the message may lie below every mark.
TEST(SwarmFlow, NeverStallsWhateverTheSizes) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{1000}, std::size_t{30000}, std::size_t{70000}, replication::kMaxMessageSize}) {
    Pair pair([](Connection& connection) { connection.keep = false; });
    ASSERT_TRUE(pair.connected());
    EXPECT_GT(transfer(pair, size, 400), 0) << size;
  }
}

TEST(SwarmFlow, AnswersInShortTime) {
  std::atomic<int> rounds{0};
  Pair pair([&](Connection& connection) {
    connection.keep = false;
    connection.on_message_hook = [&](Connection& self, ByteView message) {
      if (++rounds < 4000) self.transport->send(message);
    };
  });
  ASSERT_TRUE(pair.connected());
  const auto begin = SteadyClock::now();
  pair.left->transport->send(Bytes(100, 1));
  ASSERT_TRUE(pair.left->wait([&] { return rounds >= 3999; }));
  std::cout << "one way " << seconds_since(begin) / 4000 * 1e6 << " us\n";
}

TEST(SwarmFlow, TellsHowMuchIsQueuedWhenTheOtherSideDoesNotRead) {
  std::atomic<bool> hold{true};
  Pair pair([&](Connection& connection) {
    connection.keep = false;
    connection.on_message_hook = [&](Connection&, ByteView) {
      while (hold) std::this_thread::sleep_for(1ms);  // the other side's network thread stands still
    };
  });
  ASSERT_TRUE(pair.connected());
  EXPECT_EQ(pair.left->transport->queued(), 0U);
  constexpr std::size_t kCount = 400;
  for (std::size_t i = 0; i < kCount; ++i) pair.left->transport->send(Bytes(65536, 7));
  std::this_thread::sleep_for(300ms);
  const std::size_t stuck = pair.left->transport->queued();
  EXPECT_GT(stuck, std::size_t{1} << 20);
  EXPECT_LE(stuck, kCount * (65536 + 6));
  const int notified = pair.left->writable_now();
  hold = false;
  EXPECT_TRUE(pair.right->wait_count(kCount));
  const auto end = SteadyClock::now() + kPatience;
  while (pair.left->transport->queued() > 0 && SteadyClock::now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(pair.left->transport->queued(), 0U);
  EXPECT_GT(pair.left->writable_now(), notified);
}

TEST(SwarmFlow, KeepsTheRateLimitForLocalPeersToo) {
  SwarmOptions options = loopback();
  options.up_limit = 1'000'000;
  Pair pair([](Connection& connection) { connection.keep = false; }, options);
  ASSERT_TRUE(pair.connected());
  constexpr std::size_t kSize = 50'000;
  constexpr std::size_t kCount = 60;
  const double seconds = transfer(pair, kSize, kCount);
  ASSERT_GT(seconds, 0);
  std::cout << "3 MB at 1 MB/s in " << seconds << " s\n";
  EXPECT_GT(seconds, 1.5);
  EXPECT_LT(seconds, 10.0);
}

}  // namespace
}  // namespace shoal::swarm
