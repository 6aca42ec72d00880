#pragma once

#include "simulation/virtual_time.h"

#include <memory>

namespace shoal::simulation {

/// The executor of one host: what it had posted before it died never runs. Outlives everything that posts to it.
class GatedExecutor final : public base::Executor {
 public:
  explicit GatedExecutor(VirtualTime& time) : time_(time) {}

  void post(Task task) override { time_.schedule(base::MonoTime{0}, gated(std::move(task))); }
  TimerId post_after(base::MonoTime delay, Task task) override { return time_.schedule(delay, gated(std::move(task))); }
  void cancel(TimerId timer) override { time_.cancel(timer); }

  void open() { life_ = std::make_shared<bool>(true); }
  void shut() { life_.reset(); }

 private:
  [[nodiscard]] VirtualTime::Event gated(Task task) const {
    return [life = std::weak_ptr<bool>(life_), task = std::move(task)] {
      if (!life.expired()) task();
    };
  }
  VirtualTime& time_;
  std::shared_ptr<bool> life_;
};

}  // namespace shoal::simulation
