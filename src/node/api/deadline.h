#pragma once

#include <shoal/wait.h>

#include <algorithm>
#include <chrono>

namespace shoal::node {

/// Any timeout is good: below zero is zero, and what no clock can count is ten years.
inline std::chrono::milliseconds limited(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365 * 10);
  return std::clamp(timeout, std::chrono::milliseconds(0), kForever);
}

/// When a call that began now has to end.
inline std::chrono::steady_clock::time_point deadline_of(const Wait& wait) {
  return std::chrono::steady_clock::now() + limited(wait.timeout);
}

}  // namespace shoal::node
