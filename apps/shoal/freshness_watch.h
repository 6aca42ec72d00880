#pragma once

#include <shoal/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace shoal::command {

/// Messages for a live reader: no new head or heartbeat came for a while; one came again; the clocks of the owner and
/// of this machine differ much. Each message once. A state machine; the caller passes the times.
class FreshnessWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit FreshnessWatch(Time now) : last_change_(now) {}
  /// The message for now, if any. `head` is the signed time of the newest head.
  [[nodiscard]] std::optional<std::string> look(Time now, UnixMs wall, std::optional<UnixMs> head);

 private:
  /// Time without a head after which the view is old: three heartbeats of the default, or of an owner that signs less
  /// often.
  [[nodiscard]] std::chrono::milliseconds patience() const;

  std::optional<UnixMs> head_;
  Time last_change_;
  std::chrono::milliseconds longest_gap_{0};  ///< between two heads
  bool stale_ = false;
  bool clocks_warned_ = false;
};

}  // namespace shoal::command
