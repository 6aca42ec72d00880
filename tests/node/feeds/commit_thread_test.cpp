#include "node/feeds/commit_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>

namespace shoal::node {
namespace {

using namespace std::chrono_literals;

/// Work that a test decides, and counts.
class FakeFeed final : public CommitWork {
 public:
  explicit FakeFeed(std::function<std::optional<base::MonoTime>(int)> next = {}) : next_(std::move(next)) {}

  std::optional<base::MonoTime> work() override {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
    return next_ ? next_(count_) : std::nullopt;
  }
  bool worked(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::function<std::optional<base::MonoTime>(int)> next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class CommitThreadTest : public testing::Test {
 protected:
  /// Everything that was asked for before has been done.
  void settle() {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(thread_.run([]() -> Result<void> { return {}; }).ok());
  }

  base::SystemClock clock_;
  CommitThread thread_{clock_};
};

TEST_F(CommitThreadTest, AsksAFeedWhenItIsAddedAndThenOnlyWhenItIsDue) {
  const auto busy = std::make_shared<FakeFeed>();
  const auto quiet = std::make_shared<FakeFeed>();
  thread_.add(busy);
  thread_.add(quiet);
  ASSERT_TRUE(busy->worked(1) && quiet->worked(1));
  for (int i = 2; i < 20; ++i) {
    thread_.due(*busy);
    ASSERT_TRUE(busy->worked(i));
  }
  EXPECT_EQ(quiet->count(), 1);
}

TEST_F(CommitThreadTest, ComesBackWhenTheFeedSaidSo) {
  const auto began = clock_.mono_now();
  const auto feed =
      std::make_shared<FakeFeed>([&](int count) { return count == 1 ? std::optional(began + 100ms) : std::nullopt; });
  thread_.add(feed);
  ASSERT_TRUE(feed->worked(2));
  EXPECT_GE(clock_.mono_now() - began, 100ms);
  settle();
  EXPECT_EQ(feed->count(), 2);
}

TEST_F(CommitThreadTest, WhatIsDueSoonerWakesIt) {
  const auto feed = std::make_shared<FakeFeed>([&](int) { return std::optional(clock_.mono_now() + 1h); });
  thread_.add(feed);
  ASSERT_TRUE(feed->worked(1));
  thread_.due(*feed, clock_.mono_now() + 20ms);
  ASSERT_TRUE(feed->worked(2));
  // Later than is known changes nothing.
  thread_.due(*feed, clock_.mono_now() + 50ms);
  thread_.due(*feed, clock_.mono_now() + 2h);
  ASSERT_TRUE(feed->worked(3));
}

TEST_F(CommitThreadTest, AFeedWithMuchToDoLetsOthersIn) {
  std::atomic<bool> other_worked = false;
  const auto greedy = std::make_shared<FakeFeed>(
      [&](int) { return other_worked ? std::nullopt : std::optional(base::MonoTime::min()); });
  const auto other = std::make_shared<FakeFeed>([&](int) {
    other_worked = true;
    return std::nullopt;
  });
  thread_.add(greedy);
  thread_.add(other);
  EXPECT_TRUE(other->worked(1));
}

TEST_F(CommitThreadTest, ADroppedFeedIsLeftAlone) {
  const auto feed = std::make_shared<FakeFeed>([&](int) { return std::optional(clock_.mono_now() + 20ms); });
  thread_.add(feed);
  ASSERT_TRUE(feed->worked(1));
  int seen = 0;
  ASSERT_TRUE(thread_
                  .run([&]() -> Result<void> {
                    thread_.drop(feed);
                    seen = feed->count();
                    return {};
                  })
                  .ok());
  thread_.due(*feed);
  std::this_thread::sleep_for(60ms);
  settle();
  EXPECT_EQ(feed->count(), seen);
  FakeFeed stranger;
  thread_.due(stranger);
  settle();
  EXPECT_EQ(stranger.count(), 0);
}

TEST_F(CommitThreadTest, RunsTasksAndGivesTheirError) {
  const auto failed = thread_.run([]() -> Result<void> { return Error{Code::no_space, "full", ""}; });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::no_space);
  // From the thread itself at once, else it would wait for itself.
  EXPECT_TRUE(thread_.run([&] { return thread_.run([]() -> Result<void> { return {}; }); }).ok());
  std::promise<void> posted;
  thread_.post([&] { posted.set_value(); });
  EXPECT_EQ(posted.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(CommitThreadTest, StopDoesWhatIsDueAndNothingLater) {
  const auto feed = std::make_shared<FakeFeed>([&](int count) {
    return count < 5 ? std::optional(base::MonoTime::min()) : std::optional(clock_.mono_now() + 1h);
  });
  thread_.add(feed);
  thread_.stop();
  EXPECT_EQ(feed->count(), 5);
  EXPECT_EQ(feed.use_count(), 1);
  thread_.due(*feed);
  thread_.post([] { FAIL() << "a task after the end"; });
  const auto late = thread_.run([]() -> Result<void> { return {}; });
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::closed);
}

}  // namespace
}  // namespace shoal::node
