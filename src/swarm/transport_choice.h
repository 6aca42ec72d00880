#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace shoal::swarm {

/// Decides whether peers are dialled by TCP or by uTP (BEP 29). TCP is faster and comes first; uTP can pass NATs by
/// hole punching (BEP 55), which works only when both sides dial by uTP at the same time. Nodes have no way to agree on
/// a time, so all use the same periods of the wall clock: the last kStretchMs of each kPeriodMs. Without it two nodes
/// behind NATs never connect. Pure state; the caller passes the time. Confined to its caller.
class TransportChoice {
 public:
  /// Length of a period, and of the part at its end in which uTP may be used.
  static constexpr std::int64_t kPeriodMs = 30000;
  static constexpr std::int64_t kStretchMs = 15000;
  /// Time without peers after which a feed uses uTP.
  static constexpr base::MonoTime kTcpFirst = std::chrono::seconds(10);

  /// True: dial by uTP. `lonely`: some feed has no peer. `knows_unreached` is called once at the start of each uTP
  /// part: true when some feed has few peers and knows addresses that TCP did not reach.
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
  bool unreached_ = false;  ///< result of knows_unreached() at the start of this part
};

}  // namespace shoal::swarm
