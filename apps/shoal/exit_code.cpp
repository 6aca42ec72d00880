#include "exit_code.h"

#include <algorithm>
#include <array>

namespace shoal::command {

Exit exit_for(Code code) {
  switch (code) {
    case Code::invalid_argument: return Exit::usage;
    case Code::not_found: return Exit::unknown;
    case Code::already_exists: return Exit::error;
    case Code::unverified:
    case Code::corrupt: return Exit::damaged;
    case Code::fork: return Exit::fork;
    case Code::pruned: return Exit::pruned;
    case Code::timed_out:
    case Code::unavailable: return Exit::no_answer;
    case Code::closed: return Exit::error;
    case Code::cancelled: return Exit::interrupted;
    case Code::io: return Exit::error;
    case Code::no_space: return Exit::full;
    case Code::limit_exceeded: return Exit::error;
    case Code::unsafe_to_sign: return Exit::unsafe;
    case Code::in_use: return Exit::in_use;
    case Code::bad_key: return Exit::bad_key;
    case Code::unsupported:
    case Code::unknown_outcome: return Exit::error;
  }
  return Exit::error;
}

Exit worse_of(Exit a, Exit b) {
  static constexpr std::array kFirst = {Exit::fork,   Exit::damaged,   Exit::unsafe, Exit::full,
                                        Exit::pruned, Exit::no_answer, Exit::partly};
  for (const Exit exit : kFirst) {
    if (a == exit || b == exit) return exit;
  }
  return a == Exit::ok ? b : a;
}

}  // namespace shoal::command
