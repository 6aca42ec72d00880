#include "node/reading/stall_detector.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

const StallDetector::Time kStart = StallDetector::Time{} + 1h;

TEST(StallDetector, StalledIsWhatDidNotChangeForLongerThanTheTimeout) {
  StallDetector stall(100ms);
  EXPECT_FALSE(stall.stalled(5, 5, kStart));
  EXPECT_FALSE(stall.stalled(5, 5, kStart + 100ms));
  EXPECT_TRUE(stall.stalled(5, 5, kStart + 101ms));
}

TEST(StallDetector, TheFirstQuestionBeginsTheTimeAlsoWhenNothingIsHeld) {
  StallDetector stall(100ms);
  EXPECT_FALSE(stall.stalled(0, 0, kStart));
  EXPECT_FALSE(stall.stalled(0, 0, kStart + 100ms));
  EXPECT_TRUE(stall.stalled(0, 0, kStart + 101ms));
}

TEST(StallDetector, NewHeadersOrPayloadsBeginTheTimeAgain) {
  StallDetector stall(100ms);
  EXPECT_FALSE(stall.stalled(5, 5, kStart));
  EXPECT_FALSE(stall.stalled(6, 5, kStart + 90ms));
  EXPECT_FALSE(stall.stalled(6, 6, kStart + 180ms));
  EXPECT_FALSE(stall.stalled(6, 6, kStart + 280ms));
  // Payloads that were dropped are a change, too.
  EXPECT_FALSE(stall.stalled(6, 5, kStart + 300ms));
  EXPECT_TRUE(stall.stalled(6, 5, kStart + 401ms));
}

TEST(StallDetector, GivesOneCheckUntilThatIsDue) {
  StallDetector stall(100ms);
  EXPECT_FALSE(stall.next_check(kStart).has_value());
  EXPECT_FALSE(stall.stalled(5, 5, kStart));
  EXPECT_EQ(stall.next_check(kStart + 10ms), 91ms);
  EXPECT_FALSE(stall.next_check(kStart + 20ms).has_value());
  EXPECT_FALSE(stall.next_check(kStart + 100ms).has_value());
  EXPECT_FALSE(stall.stalled(6, 5, kStart + 50ms));
  EXPECT_EQ(stall.next_check(kStart + 101ms), 50ms);
}

TEST(StallDetector, AtTheCheckTheAnswerIsKnown) {
  StallDetector stall(100ms);
  const auto begin = kStart + 300us;
  EXPECT_FALSE(stall.stalled(5, 5, begin));
  const auto delay = stall.next_check(begin + 250us);
  ASSERT_TRUE(delay.has_value());
  EXPECT_TRUE(stall.stalled(5, 5, begin + 250us + *delay));
}

}  // namespace
}  // namespace shoal::node
