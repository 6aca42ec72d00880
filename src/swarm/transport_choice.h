#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace shoal::swarm {

/// Whether peers are dialled by uTP instead. TCP is faster and comes first; uTP gets through address translators. A
/// hole in two of them needs both sides to dial so at a time, so the stretches follow the wall clock. Pure state on
/// times it is told; confined to its caller.
class TransportChoice {
 public:
  /// Of each span of the first length the last stretch of the second.
  static constexpr std::int64_t kPeriodMs = 30000;
  static constexpr std::int64_t kStretchMs = 15000;
  /// A feed that is new, or lost its peers just now, does not turn to uTP yet.
  static constexpr base::MonoTime kTcpFirst = std::chrono::seconds(10);

  /// `lonely`: some feed has no peer. `knows_unreached` is asked once when a stretch begins: some feed has few peers
  /// and knows of others that TCP does not reach.
  [[nodiscard]] bool by_utp(UnixMs wall, base::MonoTime now, bool lonely,
                            const std::function<bool()>& knows_unreached) {
    if (!lonely) {
      lonely_since_.reset();
    } else if (!lonely_since_) {
      lonely_since_ = now;
    }
    const bool stretch = wall.value() % kPeriodMs >= kPeriodMs - kStretchMs;
    if (stretch && !in_stretch_) unreached_ = knows_unreached();
    in_stretch_ = stretch;
    return stretch && (unreached_ || (lonely_since_ && now - *lonely_since_ >= kTcpFirst));
  }

 private:
  std::optional<base::MonoTime> lonely_since_;
  bool in_stretch_ = false;
  bool unreached_ = false;  ///< when the stretch began
};

}  // namespace shoal::swarm
