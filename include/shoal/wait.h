#pragma once

#include <chrono>
#include <stop_token>

namespace shoal {

/// How long a call may block and what may end it sooner. Zero never blocks; any longer time may be asked for.
/// `{5s, stop}` or `{5s}`. A stop that was requested ends the call with Code::cancelled, where nothing else is said.
struct Wait {
  std::chrono::milliseconds timeout{0};  ///< longest time in the call
  std::stop_token stop = {};             ///< ends it sooner, from any thread
};

}  // namespace shoal
