#pragma once

#include <shoal/result.h>

#include <memory>
#include <mutex>

namespace shoal::node {

/// A descriptor that is readable while raised: what Subscription::descriptor() gives. Thread-safe.
///
/// Whoever polls lowers it before looking at what there is, and raises it again unless there was nothing. A change that
/// comes after the lowering raises it, so none is missed between the last poll and the wait.
class ReadySignal {
 public:
  /// Raised. Code::io when the process has no descriptor left.
  [[nodiscard]] static Result<std::shared_ptr<ReadySignal>> make();
  ~ReadySignal();
  ReadySignal(const ReadySignal&) = delete;
  ReadySignal& operator=(const ReadySignal&) = delete;

  void raise();
  void lower();
  /// Stays this object's; readable (POLLIN) while raised.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit ReadySignal(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
  std::mutex mutex_;
  bool raised_ = true;  ///< spares a system call for each of many changes
};

}  // namespace shoal::node
