#include "node/runtime/strand_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

/// Runs what was posted when the test says so.
class HeldStrand final : public base::Executor {
 public:
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  TimerId post_after(base::MonoTime, Task) override { return 0; }
  void cancel(TimerId) override {}
  void run_one() {
    Task task;
    while (!task) {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) continue;
      task = std::move(tasks_.front());
      tasks_.erase(tasks_.begin());
    }
    task();
  }

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
};

/// A thread that is in run().
struct Caller {
  Caller(StrandCalls& calls, std::function<void()> task)
      : thread([this, &calls, task = std::move(task)] {
          ran = calls.run(task);
          returned = true;
        }) {}
  std::atomic<bool> returned = false;
  bool ran = false;
  std::thread thread;
};

class StrandCallsTest : public ::testing::Test {
 protected:
  std::shared_ptr<HeldStrand> strand_ = std::make_shared<HeldStrand>();
  StrandCalls calls_{strand_};
  std::atomic<int> runs_ = 0;
};

TEST_F(StrandCallsTest, ReturnsAfterTheTaskEnded) {
  Caller caller(calls_, [&] { ++runs_; });
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE(caller.returned);
  EXPECT_EQ(runs_, 0);
  strand_->run_one();
  caller.thread.join();
  EXPECT_TRUE(caller.ran);
  EXPECT_EQ(runs_, 1);
}

TEST_F(StrandCallsTest, CloseDropsWhatHasNotBegun) {
  Caller caller(calls_, [&] { ++runs_; });
  std::this_thread::sleep_for(30ms);
  calls_.close();
  caller.thread.join();
  EXPECT_FALSE(caller.ran);
  strand_->run_one();
  EXPECT_EQ(runs_, 0);
}

TEST_F(StrandCallsTest, AfterCloseNothingRuns) {
  calls_.close();
  EXPECT_FALSE(calls_.run([&] { ++runs_; }));
  strand_->run_one();
  EXPECT_EQ(runs_, 0);
}

TEST_F(StrandCallsTest, ATaskThatRunsAtCloseIsWaitedFor) {
  std::atomic<bool> begun = false;
  std::atomic<bool> go_on = false;
  Caller caller(calls_, [&] {
    begun = true;
    while (!go_on) std::this_thread::yield();
    ++runs_;
  });
  std::thread pool([&] { strand_->run_one(); });
  while (!begun) std::this_thread::yield();
  calls_.close();
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE(caller.returned);
  go_on = true;
  pool.join();
  caller.thread.join();
  EXPECT_TRUE(caller.ran);
  EXPECT_EQ(runs_, 1);
}

TEST_F(StrandCallsTest, EachCallerWaitsForItsOwnTask) {
  Caller first(calls_, [&] { ++runs_; });
  while (runs_ == 0) {
    strand_->run_one();
  }
  Caller second(calls_, [&] { ++runs_; });
  first.thread.join();
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE(second.returned);
  strand_->run_one();
  second.thread.join();
  EXPECT_EQ(runs_, 2);
}

TEST(StrandCalls, TheTaskMayOutliveTheObject) {
  const auto strand = std::make_shared<HeldStrand>();
  {
    StrandCalls calls(strand);
    calls.close();
    EXPECT_FALSE(calls.run([] {}));
  }
  strand->run_one();
}

}  // namespace
}  // namespace shoal::node
