#include "swarm/announce_schedule.h"

#include "swarm/schedule_testing.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using testing::feed_of;

std::vector<MonoTime> run(AnnounceSchedule& schedule, MonoTime from, MonoTime to) {
  return testing::run(schedule, from, to, 1ms);
}

TEST(AnnounceSchedule, AnnouncesAtOnceAndThenLessAndLessOften) {
  AnnounceSchedule schedule;
  EXPECT_EQ(schedule.next(0ms), std::nullopt);
  schedule.add(feed_of(1), 100ms);
  const auto times = run(schedule, 100ms, 100s);
  const std::vector<MonoTime> expected{100ms, 1600ms, 4600ms, 10600ms, 22600ms, 46600ms, 94600ms};
  EXPECT_EQ(times, expected);
}

TEST(AnnounceSchedule, NeverWaitsLongerThanAMinuteWhileLooking) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  const auto times = run(schedule, 0ms, 900s);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(times[i] - times[i - 1], 60s);
  EXPECT_GE(times.size(), 15U);
}

TEST(AnnounceSchedule, AFeedWithPeersIsLeftAlone) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  EXPECT_TRUE(schedule.next(0ms).has_value());
  schedule.found_peer(feed_of(1), 500ms);
  EXPECT_TRUE(run(schedule, 500ms, 600s).empty());
  EXPECT_EQ(run(schedule, 600s, 1900s), (std::vector<MonoTime>{600s + 500ms, 1200s + 500ms, 1800s + 500ms}));
}

TEST(AnnounceSchedule, AFeedFoundBeforeItsFirstAnnouncementIsAnnouncedStill) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  schedule.found_peer(feed_of(1), 0ms);
  EXPECT_EQ(run(schedule, 0ms, 100s), (std::vector<MonoTime>{0ms}));
}

TEST(AnnounceSchedule, LooksAgainAtOnceWhenTheLastPeerLeft) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  EXPECT_TRUE(schedule.next(0ms).has_value());
  schedule.found_peer(feed_of(1), 1ms);
  schedule.lost_peers(feed_of(1), 50s);
  EXPECT_EQ(run(schedule, 50s, 53s), (std::vector<MonoTime>{50s, 51500ms}));
}

TEST(AnnounceSchedule, APeerThatComesAndGoesIsNoStreamOfAnnouncements) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  std::size_t announced = 0;
  for (MonoTime now = 0ms; now < 10s; now += 1ms) {
    if (schedule.next(now)) ++announced;
    schedule.found_peer(feed_of(1), now);
    schedule.lost_peers(feed_of(1), now);
  }
  EXPECT_LE(announced, 10U);
  EXPECT_GE(announced, 9U);
}

TEST(AnnounceSchedule, RestartAnnouncesEverythingAgainAndFeedsWithPeersOnce) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  schedule.add(feed_of(2), 0ms);
  run(schedule, 0ms, 100ms);
  schedule.found_peer(feed_of(2), 100ms);
  schedule.restart(1s);
  std::map<crypto::Digest, int> counts;
  for (MonoTime now = 1s; now < 60s; now += 1ms) {
    if (const auto feed = schedule.next(now)) ++counts[*feed];
  }
  EXPECT_GE(counts[feed_of(1)], 4);
  EXPECT_EQ(counts[feed_of(2)], 1);
}

TEST(AnnounceSchedule, ForgetsWhatWasRemoved) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  schedule.remove(feed_of(1));
  schedule.found_peer(feed_of(1), 0ms);
  schedule.lost_peers(feed_of(1), 0ms);
  schedule.restart(0ms);
  EXPECT_TRUE(run(schedule, 0ms, 10s).empty());
}

TEST(AnnounceSchedule, TwoThousandFeedsAreOutWithinFiftySecondsAtAPace) {
  AnnounceSchedule schedule;
  constexpr int kFeeds = 2000;
  for (int i = 0; i < kFeeds; ++i) schedule.add(feed_of(i), 0ms);
  std::map<crypto::Digest, int> counts;
  std::optional<MonoTime> last;
  for (MonoTime now = 0ms; now <= 50s; now += 5ms) {
    const auto feed = schedule.next(now);
    if (!feed) continue;
    ++counts[*feed];
    if (last) {
      EXPECT_GE(now - *last, AnnounceSchedule::kPace);
    }
    last = now;
  }
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(kFeeds));
  EXPECT_EQ(schedule.announced(), static_cast<std::size_t>(kFeeds));
}

TEST(AnnounceSchedule, ThousandsWithoutPeersAreAnnouncedNoMoreOftenThanOnesWithPeers) {
  AnnounceSchedule schedule;
  constexpr int kFeeds = 2000;
  for (int i = 0; i < kFeeds; ++i) schedule.add(feed_of(i), 0ms);
  int late = 0;
  for (MonoTime now = 0ms; now <= 3h; now += 10ms) {
    if (schedule.next(now) && now > 2h) ++late;
  }
  // In the last hour each about every ten minutes.
  EXPECT_LE(late, 6.1 * kFeeds);
  EXPECT_GE(late, 5.9 * kFeeds);
}

TEST(AnnounceSchedule, WhoNeedsMorePeersIsAnnouncedSoonButNotInAStream) {
  AnnounceSchedule schedule;
  schedule.add(feed_of(1), 0ms);
  EXPECT_TRUE(schedule.next(0ms).has_value());
  schedule.found_peer(feed_of(1), 1s);
  std::size_t announced = 0;
  for (MonoTime now = 10s; now < 20s; now += 10ms) {
    schedule.need_peers(feed_of(1), now);
    if (schedule.next(now)) ++announced;
  }
  EXPECT_EQ(announced, 2U);
  // What was asked for last comes still, and then it is settled again.
  EXPECT_EQ(run(schedule, 20s, 600s), std::vector<MonoTime>{20s});
}

TEST(AnnounceSchedule, SaysWhenToAskAgain) {
  AnnounceSchedule schedule;
  EXPECT_EQ(schedule.wake_at(), std::nullopt);
  schedule.add(feed_of(1), 5s);
  schedule.add(feed_of(2), 5s);
  EXPECT_EQ(schedule.wake_at(), MonoTime(5s));
  EXPECT_TRUE(schedule.next(5s).has_value());
  EXPECT_EQ(schedule.wake_at(), MonoTime(5s) + AnnounceSchedule::kPace);
  EXPECT_TRUE(schedule.next(5s + AnnounceSchedule::kPace).has_value());
  EXPECT_EQ(schedule.wake_at(), MonoTime(6500ms));
  schedule.remove(feed_of(1));
  schedule.remove(feed_of(2));
  EXPECT_EQ(schedule.wake_at(), std::nullopt);
}

}  // namespace
}  // namespace shoal::swarm
