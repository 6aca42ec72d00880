#pragma once

#include <shoal/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace shoal::command {

/// Tells a live reader in words when its view grows old: no head, not even one that says the same again (a heartbeat),
/// came for a while; when one comes again; and when the owner's clock and this machine's are far apart. Each once. A
/// state machine on times that it is told.
class FreshnessWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit FreshnessWatch(Time now) : last_change_(now) {}
  /// What there is to say now. `head` is the signed time of the newest head.
  [[nodiscard]] std::optional<std::string> look(Time now, UnixMs wall, std::optional<UnixMs> head);

 private:
  /// Three heartbeats of an owner with the default, or of one that signs less often.
  [[nodiscard]] std::chrono::milliseconds patience() const;

  std::optional<UnixMs> head_;
  Time last_change_;
  std::chrono::milliseconds longest_gap_{0};  ///< between two heads
  bool stale_ = false;
  bool clocks_told_ = false;
};

}  // namespace shoal::command
