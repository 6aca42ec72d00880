#include "node/runtime/ready_signal.h"

#include <gtest/gtest.h>
#include <poll.h>

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

}  // namespace
}  // namespace shoal::node
