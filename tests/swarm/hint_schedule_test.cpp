#include "swarm/hint_schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using Need = HintSchedule::Need;

FeedId feed_of(int number) {
  FeedId feed;
  feed.key.bytes[0] = static_cast<std::uint8_t>(number >> 8);
  feed.key.bytes[1] = static_cast<std::uint8_t>(number);
  return feed;
}

/// Asks every 100 ms of (from, to], does what is due at once, and gives the times.
std::vector<MonoTime> run(HintSchedule& schedule, Need need, MonoTime from, MonoTime to) {
  std::vector<MonoTime> times;
  for (MonoTime now = from; now <= to; now += 100ms) {
    const auto feed = schedule.next(now);
    if (!feed) continue;
    times.push_back(now);
    schedule.done(*feed, need, now);
  }
  return times;
}

struct World {
  base::SeededRandom random{7};
  HintSchedule schedule{HintSchedule::kPace, random};
};

TEST(HintSchedule, WhoHoldsTheHeadStoresItAtOnceOnceMoreAndThenHourly) {
  World world;
  world.schedule.add(feed_of(1), 0ms);
  EXPECT_EQ(run(world.schedule, Need::keep, 0ms, 10min), (std::vector<MonoTime>{1500ms, 31500ms}));
  const auto times = run(world.schedule, Need::keep, 10min, 24h);
  EXPECT_GE(times.size(), 20U);
  EXPECT_LE(times.size(), 35U);
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_GE(times[i] - times[i - 1], 40min);
    EXPECT_LE(times[i] - times[i - 1], 70min);
  }
}

TEST(HintSchedule, WhomNobodyTellsLooksSoonAndThenLessOften) {
  World world;
  world.schedule.add(feed_of(1), 0ms);
  const auto times = run(world.schedule, Need::look, 0ms, 2h);
  EXPECT_EQ(times.at(0), MonoTime(1500ms));
  EXPECT_EQ(times.at(1) - times.at(0), 3s);
  EXPECT_EQ(times.at(2) - times.at(1), 6s);
  EXPECT_EQ(times.back() - times.at(times.size() - 2), 10min);
  // The last peer left: it begins again.
  world.schedule.lonely(feed_of(1), 2h);
  EXPECT_GE(run(world.schedule, Need::look, 2h, 2h + 30s).size(), 3U);
}

TEST(HintSchedule, AChangedHeadIsStoredWithinMinutes) {
  World world;
  world.schedule.add(feed_of(1), 0ms);
  EXPECT_EQ(run(world.schedule, Need::keep, 0ms, 40s).size(), 2U);
  std::size_t stored = 0;
  for (MonoTime now = 40s; now < 1h; now += 1s) {
    world.schedule.changed(feed_of(1), now);
    if (const auto feed = world.schedule.next(now)) {
      ++stored;
      world.schedule.done(*feed, Need::keep, now);
    }
  }
  EXPECT_GE(stored, 11U);
  EXPECT_LE(stored, 12U);
}

TEST(HintSchedule, ThousandsGoAtAPaceAndTheForgottenNotAtAll) {
  World world;
  for (int i = 0; i < 2000; ++i) world.schedule.add(feed_of(i), 0ms);
  for (int i = 1000; i < 2000; ++i) world.schedule.remove(feed_of(i));
  std::map<FeedId, int> counts;
  std::optional<MonoTime> last;
  for (MonoTime now = 0ms; now < 60s; now += 10ms) {
    const auto feed = world.schedule.next(now);
    if (!feed) continue;
    if (last) {
      EXPECT_GE(now - *last, HintSchedule::kPace);
    }
    last = now;
    ++counts[*feed];
    world.schedule.done(*feed, Need::keep, now);
  }
  EXPECT_EQ(counts.size(), 1000U);
  world.schedule.changed(feed_of(1500), 0ms);
  world.schedule.lonely(feed_of(1500), 0ms);
  world.schedule.done(feed_of(1500), Need::keep, 0ms);
  EXPECT_EQ(counts.count(feed_of(1500)), 0U);
}

}  // namespace
}  // namespace shoal::swarm
