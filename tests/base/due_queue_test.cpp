#include "base/due_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <optional>
#include <utility>

using namespace std::chrono_literals;

namespace shoal::base {
namespace {

TEST(DueQueue, GivesTheEarliestKeyOnceItsTimeHasCome) {
  DueQueue<int> queue;
  queue.set(1, 20ms);
  queue.set(2, 10ms);
  EXPECT_EQ(queue.next_due(), MonoTime(10ms));
  EXPECT_EQ(queue.first(9ms), std::nullopt);
  EXPECT_EQ(queue.first(10ms), 2);
  EXPECT_EQ(queue.first(10ms), 2) << "it stays";
  queue.erase(2);
  EXPECT_EQ(queue.next_due(), MonoTime(20ms));
  EXPECT_EQ(queue.first(19ms), std::nullopt);
  EXPECT_EQ(queue.first(1h), 1);
}

TEST(DueQueue, KeysOfOneTimeComeInTheOrderOfTheKeys) {
  DueQueue<int> queue;
  for (const int key : {3, 1, 2}) queue.set(key, 10ms);
  for (const int key : {1, 2, 3}) {
    EXPECT_EQ(queue.first(10ms), key);
    queue.erase(key);
  }
}

TEST(DueQueue, AKeyThatIsSetAgainMoves) {
  DueQueue<int> queue;
  queue.set(1, 10ms);
  queue.set(2, 20ms);
  queue.set(1, 30ms);
  EXPECT_EQ(queue.due(1), MonoTime(30ms));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.first(1h), 2);
  queue.set(1, 5ms);
  EXPECT_EQ(queue.first(1h), 1);
  queue.set(1, 5ms);
  queue.erase(1);
  EXPECT_EQ(queue.first(1h), 2) << "nothing of it is left";
}

TEST(DueQueue, AnEmptyQueueHasNothingDue) {
  DueQueue<int> queue;
  queue.erase(1);
  EXPECT_EQ(queue.next_due(), std::nullopt);
  EXPECT_EQ(queue.first(1h), std::nullopt);
  EXPECT_EQ(queue.due(1), std::nullopt);
  EXPECT_EQ(queue.size(), 0U);
}

/// What the queue is to say, from a plain map, by looking at each key.
std::optional<std::pair<MonoTime, int>> earliest(const std::map<int, MonoTime>& keys) {
  std::optional<std::pair<MonoTime, int>> earliest;
  for (const auto& [key, due] : keys) {
    if (!earliest || due < earliest->first) earliest = {due, key};
  }
  return earliest;
}

TEST(DueQueue, SaysWhatAPlainMapSays) {
  rc::check([] {
    DueQueue<int> queue;
    std::map<int, MonoTime> model;
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      const int key = *rc::gen::inRange(0, 6);
      if (*rc::gen::inRange(0, 3) == 0) {
        queue.erase(key);
        model.erase(key);
      } else {
        const MonoTime due(*rc::gen::inRange(0, 10));
        queue.set(key, due);
        model.insert_or_assign(key, due);
      }
      const auto expected = earliest(model);
      RC_ASSERT(queue.size() == model.size());
      RC_ASSERT(queue.next_due() == (expected ? std::optional(expected->first) : std::nullopt));
      RC_ASSERT(queue.first(MonoTime::max()) == (expected ? std::optional(expected->second) : std::nullopt));
      if (expected) RC_ASSERT(!queue.first(expected->first - 1ns));
    }
  });
}

}  // namespace
}  // namespace shoal::base
