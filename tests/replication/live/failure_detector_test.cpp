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

TEST(FailureDetector, APeerIsPingedAfterMoreThanTheInterval) {
  FailureDetector detector;
  EXPECT_FALSE(detector.assess(quiet_since(kStart), kStart + 15s).ping);
  EXPECT_TRUE(detector.assess(quiet_since(kStart), kStart + 15s + 1ns).ping);
}

TEST(FailureDetector, APongIsLateAfterTwoSecondsAndEightRoundTrips) {
  FailureDetector detector;
  // 2.4 seconds, of silence and since the ping.
  const FailureDetector::Peer long_silent{kStart - 10s, kStart, true, 50ms};
  const FailureDetector::Peer just_heard{kStart, kStart - 10s, true, 50ms};
  for (const FailureDetector::Peer& peer : {long_silent, just_heard}) {
    EXPECT_FALSE(detector.assess(peer, kStart + 2400ms).suspect);
    EXPECT_TRUE(detector.assess(peer, kStart + 2400ms + 1ns).suspect);
  }
}

TEST(FailureDetector, AfterASuspectOthersThatWereSilentForThreeSecondsArePinged) {
  FailureDetector detector;
  EXPECT_TRUE(detector.assess({kStart, kStart, true, 50ms}, kStart + 3s).suspect);
  EXPECT_FALSE(detector.assess(quiet_since(kStart), kStart + 3s).ping);
  EXPECT_TRUE(detector.assess(quiet_since(kStart), kStart + 3s + 1ns).ping);
}

TEST(FailureDetector, ALivelyFeedThatStopsMakesOneAskWhoIsLeft) {
  FailureDetector detector;
  for (int i = 0; i < 10; ++i) detector.on_growth(kStart + i * 500ms);
  const base::MonoTime last = kStart + 4500ms;
  EXPECT_FALSE(detector.assess(quiet_since(last), last + 1900ms).ping);
  EXPECT_TRUE(detector.assess(quiet_since(last), last + 2500ms).ping);
  EXPECT_FALSE(detector.assess(quiet_since(last), last + 9s).ping);  // it rests
}

TEST(FailureDetector, AStopIsDoubtedForATimeOnly) {
  FailureDetector detector;
  for (int i = 0; i < 10; ++i) detector.on_growth(kStart + i * 500ms);
  const base::MonoTime last = kStart + 4500ms;
  const FailureDetector::Peer peer = quiet_since(last - 1s);
  EXPECT_FALSE(detector.assess(peer, last + 2s).ping);
  EXPECT_TRUE(detector.assess(peer, last + 2s + 1ns).ping);
  EXPECT_TRUE(detector.assess(peer, last + 8s - 1ns).ping);
  EXPECT_FALSE(detector.assess(peer, last + 8s).ping);
}

TEST(FailureDetector, OnePauseMovesTheUsualTimeByAQuarter) {
  FailureDetector detector;
  for (int i = 0; i < 10; ++i) detector.on_growth(kStart + i * 200ms);
  const base::MonoTime last = kStart + 1800ms + 4s;
  detector.on_growth(last);  // now usual: (3 * 0.2 + 4) / 4 = 1.15 seconds
  EXPECT_FALSE(detector.assess(quiet_since(last), last + 4500ms).ping);
  EXPECT_TRUE(detector.assess(quiet_since(last), last + 4700ms).ping);
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
