#include "replay_pacer.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(ReplayPacer, KeepsTheDistancesDividedBySpeed) {
  ReplayPacer pacer(10);
  EXPECT_EQ(pacer.wait_for(UnixMs(5000), milliseconds(100)), nanoseconds(0));
  EXPECT_EQ(pacer.wait_for(UnixMs(6000), milliseconds(100)), milliseconds(100));
  EXPECT_EQ(pacer.wait_for(UnixMs(7000), milliseconds(250)), milliseconds(50));
}

TEST(ReplayPacer, NeverWaitsForThePast) {
  ReplayPacer pacer(1);
  EXPECT_EQ(pacer.wait_for(UnixMs(5000), milliseconds(0)), nanoseconds(0));
  EXPECT_EQ(pacer.wait_for(UnixMs(10), milliseconds(0)), nanoseconds(0));
  EXPECT_EQ(pacer.wait_for(UnixMs(5500), milliseconds(900)), nanoseconds(0));
}

TEST(ReplayPacer, MaxMeansNoWaiting) {
  ReplayPacer pacer(0);
  EXPECT_EQ(pacer.wait_for(UnixMs(0), nanoseconds(0)), nanoseconds(0));
  EXPECT_EQ(pacer.wait_for(UnixMs(1'000'000), nanoseconds(0)), nanoseconds(0));
}

TEST(ReplayPacer, SurvivesAbsurdTimes) {
  ReplayPacer pacer(1);
  EXPECT_EQ(pacer.wait_for(UnixMs(0), nanoseconds(0)), nanoseconds(0));
  EXPECT_GT(pacer.wait_for(UnixMs(INT64_MAX / 2), nanoseconds(0)), std::chrono::hours(24));
}

}  // namespace
}  // namespace shoal::command
