#pragma once

#include <shoal/wait.h>

#include <algorithm>
#include <chrono>

namespace shoal::node {

/// The timeout, at least zero and at most ten years, so that no clock overflows.
inline std::chrono::milliseconds limited(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365 * 10);
  return std::clamp(timeout, std::chrono::milliseconds(0), kForever);
}

/// The time at which a call that begins now has to end.
inline std::chrono::steady_clock::time_point deadline_of(const Wait& wait) {
  return std::chrono::steady_clock::now() + limited(wait.timeout);
}

}  // namespace shoal::node
