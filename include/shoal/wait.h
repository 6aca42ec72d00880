#pragma once

#include <chrono>
#include <stop_token>

namespace shoal {

/// How long a call may block and what may end it sooner. Zero never blocks. `{5s, stop}` or `{5s}`.
struct Wait {
  std::chrono::milliseconds timeout{0};
  std::stop_token stop = {};
};

}  // namespace shoal
