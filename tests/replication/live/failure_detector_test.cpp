#include "replication/live/failure_detector.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

constexpr base::MonoTime kStart = 100s;

FailureDetector::Peer quiet_since(base::MonoTime heard) { return {heard, heard, false, 50ms}; }

TEST(FailureDetector, APeerIsPingedAtFirstAndThenSeldom) {
  FailureDetector detector;
  EXPECT_TRUE(detector.assess({kStart, base::MonoTime{0}, false, base::MonoTime{-1}}, kStart).ping);
  EXPECT_FALSE(detector.assess(quiet_since(kStart), kStart + 14s).ping);
  EXPECT_TRUE(detector.assess(quiet_since(kStart), kStart + 16s).ping);
}

TEST(FailureDetector, APongThatStaysAwayMakesASuspectAndOthersAreAskedToo) {
  FailureDetector detector;
  const FailureDetector::Peer owing{kStart, kStart, true, 50ms};
  EXPECT_FALSE(detector.assess(owing, kStart + 2s).suspect);
  const FailureDetector::Verdict late = detector.assess(owing, kStart + 3s);
  EXPECT_TRUE(late.suspect);
  EXPECT_FALSE(late.ping);
  EXPECT_TRUE(detector.assess(quiet_since(kStart - 1s), kStart + 3s).ping);
  EXPECT_FALSE(detector.assess(quiet_since(kStart + 1s), kStart + 3s).ping);
}

TEST(FailureDetector, ALivelyFeedThatStopsMakesOneAskWhoIsLeft) {
  FailureDetector detector;
  for (int i = 0; i < 10; ++i) detector.on_growth(kStart + i * 500ms);
  const base::MonoTime last = kStart + 4500ms;
  EXPECT_FALSE(detector.assess(quiet_since(last), last + 1900ms).ping);
  EXPECT_TRUE(detector.assess(quiet_since(last), last + 2500ms).ping);
  EXPECT_FALSE(detector.assess(quiet_since(last), last + 9s).ping);  // it rests
}

TEST(FailureDetector, ASlowFeedThatRestsIsNoReasonToDoubt) {
  FailureDetector detector;
  for (int i = 0; i < 10; ++i) detector.on_growth(kStart + i * 10s);
  EXPECT_FALSE(detector.assess(quiet_since(kStart + 90s), kStart + 97s).ping);
}

TEST(FailureDetector, AMinuteOfSilenceIsTheEnd) {
  FailureDetector detector;
  EXPECT_FALSE(detector.assess(quiet_since(kStart), kStart + 59s).dead);
  EXPECT_TRUE(detector.assess(quiet_since(kStart), kStart + 61s).dead);
}

}  // namespace
}  // namespace shoal::replication
