#pragma once

#include <string>
#include <string_view>

namespace shoal {

/// Why an operation failed. The list is closed: callers may switch over it without a default.
///
/// `corrupt` (our own disk holds damage), `unverified` (somebody sent bytes that do not prove) and `contradiction` (the
/// feed's owner signed what cannot be) never stand for each other: the first needs repair, the second blames a peer,
/// the third blames the owner.
enum class Code {
  invalid_argument,  ///< the caller's value is outside the documented range
  not_found,         ///< a name, topic, offset or file that does not exist, or is proven absent
  already_exists,    ///< a name that must be new is taken
  unverified,        ///< bytes from a peer or a foreign file do not prove against the signed head
  corrupt,           ///< our own disk holds bytes that contradict their hash or checksum
  fork,              ///< the feed's owner signed two histories
  pruned,            ///< the payload was dropped by retention everywhere that was asked
  timed_out,         ///< a deadline passed
  unavailable,       ///< nobody answered, or a peer left
  closed,            ///< the handle, its node or its connection has ended
  cancelled,         ///< the caller asked to stop
  io,                ///< the operating system refused
  no_space,          ///< the disk or a budget is full
  limit_exceeded,    ///< input above a documented limit
  unsafe_to_sign,    ///< signing now could create a second history
  in_use,            ///< another process holds the directory or the key
  bad_key,           ///< a key file or passphrase that cannot be used
  unsupported,       ///< a version or feature this build does not know
  unknown_outcome,   ///< a commit may or may not have happened; the writer must reload
  contradiction,     ///< the feed's owner signed blocks or heads that contradict each other
};

/// The code's name as written above, for logs and JSON. Never null.
std::string_view code_name(Code code) noexcept;

/// What failed, in words for a person, and what that person can do about it (`hint` may be empty).
struct Error {
  Code code = Code::io;   ///< what kind of failure
  std::string message;    ///< what failed; no line end
  std::string hint = {};  ///< what to do about it; may be empty
};

}  // namespace shoal
