#pragma once

#include "node/runtime/ready_signal.h"

#include <shoal/result.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace shoal::node {

/// Tells waiting threads and descriptors that something of one feed changed. A version number counts the changes; what
/// changed is for the waiter to find out. Thread-safe; knows nothing of the feed.
///
/// No change is missed by a waiter that reads version(), looks at the feed, and then waits for another version; nor by
/// one that lowers its signal, looks, and then waits for the descriptor.
class FeedNews {
 public:
  /// Grows with each notify().
  [[nodiscard]] std::uint64_t version() const;
  /// Waits until version() differs from `seen`. False when the deadline passed, the stop was requested, or close() was
  /// called.
  bool wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline,
                   const std::stop_token& stop) const;
  /// Wakes all waiters and raises all watching signals.
  void notify();
  /// Raises `signal` at each notify() and at close(), as long as somebody else holds it; at once after close().
  void watch(const std::shared_ptr<ReadySignal>& signal);

  /// Ends all waiting for good. Waiters get the first reason that was given.
  void close(Error reason);
  /// The reason; nullopt while open.
  [[nodiscard]] std::optional<Error> closed() const;

 private:
  /// Under mutex_.
  void raise_signals();

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::uint64_t version_ = 0;
  std::optional<Error> closed_;
  std::vector<std::weak_ptr<ReadySignal>> signals_;
};

}  // namespace shoal::node
