#include "node/feeds/sync_flush.h"

#include "simulation/virtual_time.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

struct LogLines final : base::LogSink {
  std::vector<std::string> lines;
  void log(base::LogLevel, std::string_view, std::string_view message) override { lines.emplace_back(message); }
};

/// A disk that flushes when the test says so.
struct HeldExecutor final : base::Executor {
  std::vector<Task> tasks;
  void post(Task task) override { tasks.push_back(std::move(task)); }
  TimerId post_after(base::MonoTime, Task) override { return 0; }
  void cancel(TimerId) override {}
};

class SyncFlushTest : public ::testing::Test {
 protected:
  SyncFlushTest() {
    SyncFlush::Context context;
    context.strand = &strand_;
    context.flusher = disk_;
    context.clock = &time_;
    context.log = &log_;
    context.make_durable = [this]() -> Result<void> {
      ++flushes_;
      return disk_answer_;
    };
    context.is_kept = [this] { return kept_; };
    context.on_flushed = [this] { told_.push_back(sync_->synced_size()); };
    sync_ = std::make_shared<SyncFlush>(std::move(context));
  }
  void run_disk() {
    for (auto& task : std::exchange(disk_->tasks, {})) task();
    time_.run_for(0ms);
  }

  simulation::VirtualTime time_;
  simulation::VirtualExecutor strand_{time_};
  std::shared_ptr<HeldExecutor> disk_ = std::make_shared<HeldExecutor>();
  LogLines log_;
  bool kept_ = true;
  Result<void> disk_answer_;
  int flushes_ = 0;
  std::vector<std::uint64_t> told_;
  std::shared_ptr<SyncFlush> sync_;
};

TEST_F(SyncFlushTest, IsSyncedOnlyWhenTheDiskHasIt) {
  EXPECT_EQ(sync_->synced_size(), 0U);
  sync_->on_synced(10);
  time_.run_for(10s);
  EXPECT_EQ(flushes_, 0);
  EXPECT_EQ(sync_->synced_size(), 0U);
  run_disk();
  EXPECT_EQ(flushes_, 1);
  EXPECT_EQ(sync_->synced_size(), 10U);
  EXPECT_EQ(told_, std::vector<std::uint64_t>{10});
}

TEST_F(SyncFlushTest, WhatComesDuringAFlushIsNotPartOfIt) {
  sync_->on_synced(10);
  sync_->on_synced(20);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 10U);
  time_.run_for(250ms);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 20U);
  // Nothing is left to flush.
  time_.run_for(10s);
  EXPECT_TRUE(disk_->tasks.empty());
}

TEST_F(SyncFlushTest, FlushesAtMostEvery250Ms) {
  sync_->on_synced(1);
  run_disk();
  for (std::uint64_t size = 2; size <= 26; ++size) {
    time_.run_for(10ms);
    EXPECT_EQ(disk_->tasks.size(), size == 26 ? 1U : 0U) << size;
    sync_->on_synced(size);
  }
  run_disk();
  EXPECT_EQ(flushes_, 2);
  EXPECT_EQ(sync_->synced_size(), 25U);
}

TEST_F(SyncFlushTest, FlushesEveryTwoSecondsWhatNobodyKeeps) {
  kept_ = false;
  sync_->on_synced(1);
  run_disk();
  sync_->on_synced(2);
  time_.run_for(1999ms);
  EXPECT_TRUE(disk_->tasks.empty());
  time_.run_for(1ms);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 2U);
}

TEST_F(SyncFlushTest, TheIntervalBeginsWithTheFormerFlush) {
  sync_->on_synced(1);
  time_.run_for(200ms);
  run_disk();
  sync_->on_synced(2);
  time_.run_for(50ms);
  EXPECT_EQ(disk_->tasks.size(), 1U);
}

TEST_F(SyncFlushTest, SizesNeverGoBack) {
  sync_->on_synced(10);
  sync_->on_synced(30);
  sync_->on_synced(20);
  run_disk();
  time_.run_for(1s);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 30U);
  sync_->on_synced(20);
  time_.run_for(1s);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 30U);
}

TEST_F(SyncFlushTest, WhatTheDiskRefusesIsNotSynced) {
  disk_answer_ = Error{Code::io, "the disk is broken", ""};
  sync_->on_synced(10);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 0U);
  EXPECT_EQ(log_.lines, std::vector<std::string>{"the disk is broken"});
  EXPECT_EQ(told_.size(), 1U);
  // The next size is tried again.
  disk_answer_ = {};
  sync_->on_synced(11);
  time_.run_for(1s);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 11U);
}

TEST_F(SyncFlushTest, AnotherFollowBeginsWithNothing) {
  sync_->on_synced(10);
  run_disk();
  sync_->on_follow_changed();
  EXPECT_EQ(sync_->synced_size(), 0U);
}

TEST_F(SyncFlushTest, AFlushOfAFormerFollowSaysNothingOfTheNext) {
  sync_->on_synced(10);
  sync_->on_follow_changed();
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 0U);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(SyncFlushTest, WhatWaitsForAFlushIsForgottenWithItsFollow) {
  sync_->on_synced(10);
  sync_->on_synced(20);
  sync_->on_follow_changed();
  run_disk();
  time_.run_for(10s);
  EXPECT_TRUE(disk_->tasks.empty());
  sync_->on_synced(5);
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 5U);
}

TEST_F(SyncFlushTest, MayEndBeforeItsTasks) {
  sync_->on_synced(10);
  auto begun = std::exchange(disk_->tasks, {});
  run_disk();
  begun.front()();
  sync_.reset();
  time_.run_for(10s);
  EXPECT_TRUE(told_.empty());
}

TEST_F(SyncFlushTest, MayEndBeforeTheDiskBegins) {
  sync_->on_synced(10);
  sync_.reset();
  run_disk();
  EXPECT_EQ(flushes_, 0);
}

TEST_F(SyncFlushTest, MayEndBeforeTheDiskAndItsTimer) {
  sync_->on_synced(10);
  run_disk();
  sync_->on_synced(20);
  sync_.reset();
  time_.run_for(10s);
  EXPECT_TRUE(disk_->tasks.empty());
  EXPECT_EQ(flushes_, 1);
}

TEST_F(SyncFlushTest, AFullDiskIsTriedAgainUntilThereIsRoom) {
  disk_answer_ = Error{Code::no_space, "the disk is full", ""};
  sync_->on_synced(10);
  for (int i = 0; i < 8; ++i) {
    run_disk();
    time_.run_for(250ms);
  }
  EXPECT_EQ(flushes_, 8);
  EXPECT_EQ(sync_->synced_size(), 0U);
  EXPECT_TRUE(log_.lines.empty());
  disk_answer_ = {};
  run_disk();
  EXPECT_EQ(sync_->synced_size(), 10U);
  time_.run_for(10s);
  EXPECT_TRUE(disk_->tasks.empty());
}

}  // namespace
}  // namespace shoal::node
