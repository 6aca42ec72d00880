#pragma once

#include "base/executor.h"

#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

/// Time that passes only when a test says so: one queue of events in one process, the same order in every run.
namespace shoal::simulation {

class VirtualTime final : public base::Clock {
 public:
  using Event = std::function<void()>;

  [[nodiscard]] UnixMs wall_now() const override { return UnixMs{1'700'000'000'000 + now_.count() / 1'000'000}; }
  [[nodiscard]] base::MonoTime mono_now() const override { return now_; }

  /// Runs `event` after `delay`; events of one moment run in the order of scheduling.
  std::uint64_t schedule(base::MonoTime delay, Event event) {
    const std::uint64_t id = ++last_;
    events_.emplace(std::pair(now_ + delay, id), std::move(event));
    due_.emplace(id, now_ + delay);
    return id;
  }
  /// Unknown and spent ids are ignored. O(log n) in the number of waiting events.
  void cancel(std::uint64_t id) {
    const auto due = due_.find(id);
    if (due == due_.end()) return;
    events_.erase(std::pair(due->second, id));
    due_.erase(due);
  }
  /// Forgets all events: what they hold is released now.
  void clear() {
    events_.clear();
    due_.clear();
  }
  [[nodiscard]] std::size_t waiting() const { return events_.size(); }

  /// Runs the next event; false when there is none before `limit`.
  bool step(base::MonoTime limit) {
    if (events_.empty() || events_.begin()->first.first > limit) return false;
    auto node = events_.extract(events_.begin());
    now_ = node.key().first;
    due_.erase(node.key().second);
    node.mapped()();
    return true;
  }
  void run_for(base::MonoTime time) {
    const base::MonoTime limit = now_ + time;
    while (step(limit)) {
    }
    now_ = limit;
  }
  /// False when `done` did not become true within `time`.
  bool run_until(const std::function<bool()>& done, base::MonoTime time) {
    const base::MonoTime limit = now_ + time;
    while (!done()) {
      if (!step(limit)) return done();
    }
    return true;
  }

 private:
  base::MonoTime now_{std::chrono::hours(1)};
  std::uint64_t last_ = 0;
  std::map<std::pair<base::MonoTime, std::uint64_t>, Event> events_;
  std::unordered_map<std::uint64_t, base::MonoTime> due_;  ///< of the waiting events, for cancel()
};

/// Runs tasks as events. One is enough for everything: all run on the one thread, one after the other.
class VirtualExecutor final : public base::Executor {
 public:
  explicit VirtualExecutor(VirtualTime& time) : time_(time) {}
  void post(Task task) override { time_.schedule(base::MonoTime{0}, std::move(task)); }
  TimerId post_after(base::MonoTime delay, Task task) override { return time_.schedule(delay, std::move(task)); }
  void cancel(TimerId timer) override { time_.cancel(timer); }

 private:
  VirtualTime& time_;
};

}  // namespace shoal::simulation
