#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace shoal::node {

/// Says when a feed that should grow brought nothing new for a time. Pure state; the caller passes the time; confined
/// to its caller.
class StallDetector {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit StallDetector(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  /// What is held at `now`. True when it did not change for longer than the timeout.
  [[nodiscard]] bool stalled(std::uint64_t headers, std::uint64_t payloads, Time now);
  /// After stalled() said no: how long after `now` to ask again, as nothing but time makes it say yes. nullopt while a
  /// delay that was given earlier has not passed.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_check(Time now);

 private:
  std::chrono::milliseconds timeout_;
  std::uint64_t headers_ = 0;
  std::uint64_t payloads_ = 0;
  std::optional<Time> unchanged_since_;
  Time next_check_ = {};
};

}  // namespace shoal::node
