#pragma once

#include <shoal/types.h>

#include <chrono>
#include <optional>

namespace shoal::command {

/// When each record of a recording is due: the distance of its time from the first one's, divided by the speed. A
/// record whose time lies before one already seen is due at once.
class ReplayPacer {
 public:
  /// `speed` as parse_speed() gives it; 0 never waits.
  explicit ReplayPacer(double speed) : speed_(speed) {}

  /// How long to wait from `now`, steady time since any start.
  [[nodiscard]] std::chrono::nanoseconds wait_for(UnixMs record_time, std::chrono::nanoseconds now);

 private:
  double speed_;
  std::optional<UnixMs> first_record_;
  std::chrono::nanoseconds start_{0};
};

}  // namespace shoal::command
