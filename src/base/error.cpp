#include <shoal/error.h>

namespace shoal {

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::already_exists: return "already_exists";
    case Code::unverified: return "unverified";
    case Code::corrupt: return "corrupt";
    case Code::fork: return "fork";
    case Code::pruned: return "pruned";
    case Code::timed_out: return "timed_out";
    case Code::unavailable: return "unavailable";
    case Code::closed: return "closed";
    case Code::cancelled: return "cancelled";
    case Code::io: return "io";
    case Code::no_space: return "no_space";
    case Code::limit_exceeded: return "limit_exceeded";
    case Code::unsafe_to_sign: return "unsafe_to_sign";
    case Code::in_use: return "in_use";
    case Code::bad_key: return "bad_key";
    case Code::unsupported: return "unsupported";
    case Code::unknown_outcome: return "unknown_outcome";
    case Code::contradiction: return "contradiction";
  }
  return "unknown";
}

}  // namespace shoal
