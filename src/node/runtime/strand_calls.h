#pragma once

#include "base/executor.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace shoal::node {

/// Calls into a strand from threads that wait for the result. Thread-safe.
class StrandCalls {
 public:
  explicit StrandCalls(std::shared_ptr<base::Executor> strand) : strand_(std::move(strand)) {}

  /// Runs `task` on the strand and waits for its end. False when close() was called before the task began: then it
  /// never runs. Not from the strand itself.
  [[nodiscard]] bool run(std::function<void()> task);
  /// Drops the tasks that have not begun, now and from here on. A task that runs is waited for by its caller.
  void close();

 private:
  enum class Stage : std::uint8_t { waiting, running, done };
  /// Shared with the posted tasks, which may outlive this object.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool closed = false;
  };

  std::shared_ptr<base::Executor> strand_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace shoal::node
