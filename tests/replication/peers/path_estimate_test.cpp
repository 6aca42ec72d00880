#include "replication/peers/path_estimate.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// A path that brings `bytes` each `step` for `time`.
struct Fed {
  PathEstimate path;
  base::MonoTime now = 1h;

  void owe(bool owing) { path.set_owing(owing, now); }
  void feed(base::MonoTime time, base::MonoTime step, std::uint64_t bytes) {
    for (base::MonoTime end = now + time; now < end;) {
      now += step;
      path.delivered(bytes, now);
    }
  }
};

TEST(PathEstimate, KnowsNothingAtFirst) {
  const PathEstimate path;
  EXPECT_EQ(path.best_rate(), 0);
  EXPECT_EQ(path.recent_rate(1h), 0);
  EXPECT_EQ(path.owing_for(1h), 0s);
  EXPECT_EQ(path.round_trip(), PathEstimate::kUnknownTrip);
}

TEST(PathEstimate, MeasuresASteadyRate) {
  Fed peer;
  peer.owe(true);
  peer.feed(3s, 10ms, 100'000);
  EXPECT_NEAR(peer.path.best_rate(), 1e7, 1e5);
  EXPECT_NEAR(peer.path.recent_rate(peer.now), 1e7, 1e5);
  EXPECT_EQ(peer.path.owing_for(peer.now), 3s);
}

TEST(PathEstimate, BurstsOfALimiterAreNotARate) {
  Fed peer;
  peer.owe(true);
  // 10 MB/s let through twice a second.
  peer.feed(5s, 500ms, 5'000'000);
  EXPECT_LT(peer.path.best_rate(), 1.3e7);
  EXPECT_GT(peer.path.best_rate(), 0.9e7);
}

TEST(PathEstimate, IdleTimeDoesNotCount) {
  Fed peer;
  peer.owe(true);
  peer.feed(2s, 10ms, 10'000);
  peer.owe(false);
  peer.now += 10min;
  EXPECT_EQ(peer.path.owing_for(peer.now), 0s);
  EXPECT_NEAR(peer.path.recent_rate(peer.now), 1e6, 2e4);
  peer.owe(true);
  peer.feed(1s, 10ms, 10'000);
  EXPECT_NEAR(peer.path.recent_rate(peer.now), 1e6, 2e4);
}

TEST(PathEstimate, TheBestIsRememberedForSecondsAndTheRecentFalls) {
  Fed peer;
  peer.owe(true);
  peer.feed(2s, 10ms, 100'000);
  peer.feed(5s, 10ms, 1'000);
  EXPECT_NEAR(peer.path.best_rate(), 1e7, 1e6);
  EXPECT_NEAR(peer.path.recent_rate(peer.now), 1e5, 1e4);
  peer.feed(10s, 10ms, 1'000);
  EXPECT_NEAR(peer.path.best_rate(), 1e5, 1e4);
}

TEST(PathEstimate, SilenceFallsToNothingWithinSeconds) {
  Fed peer;
  peer.owe(true);
  peer.feed(2s, 10ms, 100'000);
  EXPECT_LT(peer.path.recent_rate(peer.now + 2s), 5.1e6);
  EXPECT_LT(peer.path.recent_rate(peer.now + 20s), 1e5);
}

TEST(PathEstimate, AForgottenRateIsUnknown) {
  Fed peer;
  peer.owe(true);
  peer.feed(2s, 10ms, 100'000);
  peer.path.forget_rate();
  EXPECT_EQ(peer.path.best_rate(), 0);
  peer.feed(2s, 10ms, 1'000);
  EXPECT_NEAR(peer.path.best_rate(), 1e5, 1e4);
}

TEST(PathEstimate, TheShortestTripOfTheLastMinuteCounts) {
  PathEstimate path;
  path.measured_trip(50ms, 1h);
  path.measured_trip(20ms, 1h + 1s);
  path.measured_trip(90ms, 1h + 20s);
  EXPECT_EQ(path.round_trip(), 20ms);
  path.measured_trip(80ms, 1h + 70s);
  EXPECT_EQ(path.round_trip(), 80ms);
  path.measured_trip(95ms, 1h + 71s);
  EXPECT_EQ(path.round_trip(), 80ms);
}

}  // namespace
}  // namespace shoal::replication
