#include "base/clock.h"

#include <gtest/gtest.h>

namespace shoal::base {
namespace {

TEST(SystemClock, MonotonicTimeNeverGoesBack) {
  const SystemClock clock;
  MonoTime before = clock.mono_now();
  for (int i = 0; i < 1000; ++i) {
    const MonoTime now = clock.mono_now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(SystemClock, WallTimeIsMillisecondsSince1970) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto expected = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  EXPECT_NEAR(static_cast<double>(SystemClock().wall_now().value()), static_cast<double>(expected), 60'000.0);
}

}  // namespace
}  // namespace shoal::base
