#include "node/runtime/ready_signal.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace shoal::node {
namespace {

bool readable(const ReadySignal& signal) {
  pollfd waited{signal.descriptor(), POLLIN, 0};
  return ::poll(&waited, 1, 0) == 1 && (waited.revents & POLLIN) != 0;
}

TEST(ReadySignal, IsReadableWhileRaised) {
  const auto signal = ReadySignal::make().value();
  EXPECT_TRUE(readable(*signal));
  EXPECT_TRUE(readable(*signal));
  signal->lower();
  EXPECT_FALSE(readable(*signal));
  signal->lower();
  signal->raise();
  signal->raise();
  EXPECT_TRUE(readable(*signal));
  // However often it was raised.
  signal->lower();
  EXPECT_FALSE(readable(*signal));
}

TEST(ReadySignal, NeverLosesARaise) {
  const auto signal = ReadySignal::make().value();
  std::atomic<int> news = 0;
  constexpr int kLast = 20000;
  std::jthread raiser([&] {
    for (int i = 1; i <= kLast; ++i) {
      news = i;
      signal->raise();
    }
  });
  for (;;) {
    signal->lower();
    if (news == kLast) break;
    pollfd waited{signal->descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&waited, 1, 20000), 1) << "slept over news";
  }
}

TEST(ReadySignal, WaitsUntilItIsRaised) {
  using std::chrono::steady_clock;
  const auto signal = ReadySignal::make().value();
  EXPECT_TRUE(signal->wait_until(steady_clock::now() - std::chrono::seconds(1)));
  signal->lower();
  const auto begin = steady_clock::now();
  EXPECT_FALSE(signal->wait_until(begin + std::chrono::milliseconds(30)));
  EXPECT_GE(steady_clock::now() - begin, std::chrono::milliseconds(30));
  EXPECT_FALSE(signal->wait_until(begin));
  std::jthread raiser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    signal->raise();
  });
  EXPECT_TRUE(signal->wait_until(steady_clock::now() + std::chrono::hours(24 * 365)));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace shoal::node
