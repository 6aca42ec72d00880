#pragma once

#include "base/clock.h"

#include <algorithm>
#include <chrono>

namespace shoal::base {

/// Token bucket: permits a rate of events a second and a burst. Pure state; the caller passes the time,
/// which may not go back.
class TokenBucket {
 public:
  struct Rate {
    double per_second = 0;
    double burst = 0;  ///< also what one that was never used holds
  };
  explicit TokenBucket(Rate rate) : rate_(rate), tokens_(rate.burst) {}

  /// Takes `cost` tokens when they are there. What costs more than the burst waits for a full bucket and empties it.
  [[nodiscard]] bool take(double cost, MonoTime now) {
    const double tokens = tokens_at(now);
    const double needed = std::min(cost, rate_.burst);
    tokens_ = tokens < needed ? tokens : tokens - needed;
    last_ = std::max(last_, now);
    return tokens >= needed;
  }
  /// It was never used, or long ago: nothing is lost with it.
  [[nodiscard]] bool full(MonoTime now) const { return tokens_at(now) >= rate_.burst; }

 private:
  [[nodiscard]] double tokens_at(MonoTime now) const {
    const double seconds = now > last_ ? std::chrono::duration<double>(now - last_).count() : 0;
    return std::min(rate_.burst, tokens_ + seconds * rate_.per_second);
  }

  Rate rate_;
  double tokens_;
  MonoTime last_{0};
};

}  // namespace shoal::base
