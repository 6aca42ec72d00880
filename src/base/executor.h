#pragma once

#include "base/clock.h"

#include <cstdint>
#include <functional>
#include <utility>

namespace shoal::base {

/// Runs functions one after the other, never two at once and never inside the call that posts them: what is confined
/// to one executor needs no lock. The node gives strands of its pool, the simulator one queue on a virtual clock.
class Executor {
 public:
  using Task = std::function<void()>;
  /// 0 names no timer.
  using TimerId = std::uint64_t;

  virtual ~Executor() = default;

  /// Runs `task` soon, in the order of posting. May be called from any thread.
  virtual void post(Task task) = 0;
  /// post(), but may run `task` inside the call when nothing else of this executor runs or waits: spares waking a
  /// thread. For callers that hold no lock and that `task` does not call back into.
  virtual void dispatch(Task task) { post(std::move(task)); }
  /// Runs `task` once `delay` has passed. Only from this executor.
  virtual TimerId post_after(MonoTime delay, Task task) = 0;
  /// After this the timer's task does not run. Unknown and spent ids are ignored. Only from this executor.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace shoal::base
