#pragma once

#include "base/clock.h"

#include <chrono>
#include <cmath>
#include <cstdint>

namespace shoal::replication {

/// Bytes a second, smoothed over some seconds, for users. Pure state; the caller gives the time and confines it.
class RateMeter {
 public:
  static constexpr base::MonoTime kSpan = std::chrono::seconds(1);    ///< counted as one
  static constexpr base::MonoTime kMemory = std::chrono::seconds(5);  ///< after which a rate counts for a third

  void add(std::uint64_t bytes, base::MonoTime now) {
    fold(now);
    counted_ += bytes;
  }

  [[nodiscard]] std::uint64_t per_second(base::MonoTime now) const {
    RateMeter copy = *this;
    copy.fold(now);
    return static_cast<std::uint64_t>(std::llround(copy.rate_));
  }

 private:
  void fold(base::MonoTime now) {
    const base::MonoTime passed = now - since_;
    if (passed < kSpan) return;
    const double seconds = std::chrono::duration<double>(passed).count();
    const double keep = fresh_ ? 0 : std::exp(-seconds / std::chrono::duration<double>(kMemory).count());
    rate_ = rate_ * keep + static_cast<double>(counted_) / seconds * (1 - keep);
    fresh_ = fresh_ && counted_ == 0;
    counted_ = 0;
    since_ = now;
  }

  base::MonoTime since_{0};
  std::uint64_t counted_ = 0;
  double rate_ = 0;
  bool fresh_ = true;  ///< nothing was counted yet
};

}  // namespace shoal::replication
