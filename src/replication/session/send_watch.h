#pragma once

#include "base/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace shoal::replication {

/// Detects a peer that does not read what it is sent: while something waits for it, at least kLeast bytes (or all that
/// waited) must leave in each period of kSpan. Pure state; the caller passes the time.
class SendWatch {
 public:
  static constexpr base::MonoTime kSpan = std::chrono::seconds(30);
  static constexpr std::uint64_t kLeast = 8 << 10;

  /// `waiting`: bytes that wait now; `left`: bytes that left since the start. True when the peer missed its minimum.
  [[nodiscard]] bool stalled(std::uint64_t waiting, std::uint64_t left, base::MonoTime now) {
    if (waiting == 0) {
      watching_ = false;
      return false;
    }
    if (!watching_ || left - left_before_ >= due_) {
      watching_ = true;
      since_ = now;
      left_before_ = left;
      due_ = std::min(waiting, kLeast);
    }
    return now - since_ >= kSpan;
  }

 private:
  bool watching_ = false;
  base::MonoTime since_{0};
  std::uint64_t left_before_ = 0;
  std::uint64_t due_ = 0;
};

}  // namespace shoal::replication
