#pragma once

#include <shoal/result.h>

#include <chrono>
#include <memory>
#include <mutex>

namespace shoal::node {

/// A descriptor that is readable while raised: what Subscription::descriptor() gives. Thread-safe.
///
/// A reader lowers it, then looks at what there is, and raises it again if there was something. A change that comes
/// after the lowering raises it: none is missed between the look and the wait.
class ReadySignal {
 public:
  /// Raised. Code::io when the process has no descriptor left.
  [[nodiscard]] static Result<std::shared_ptr<ReadySignal>> make();
  ~ReadySignal();
  ReadySignal(const ReadySignal&) = delete;
  ReadySignal& operator=(const ReadySignal&) = delete;

  void raise();
  void lower();
  /// Waits until it is raised; false when the deadline came first.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) const;
  /// Stays this object's; readable (POLLIN) while raised.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit ReadySignal(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
  std::mutex mutex_;
  bool raised_ = true;  ///< spares a system call for each of many changes
};

}  // namespace shoal::node
