#pragma once

#include <shoal/error.h>

#include <vector>

/// What the process tells its caller. The numbers are part of the command's contract and never change.
namespace shoal::command {

enum class Exit : int {
  ok = 0,
  error = 1,
  usage = 2,
  partly = 3,     ///< some of it was done, or holes were found
  no_answer = 4,  ///< nobody answered, or a timeout passed
  damaged = 5,    ///< verification failed, or our own disk is damaged
  fork = 6,       ///< the owner signed two histories, or what contradicts itself
  full = 7,       ///< disk or budget
  pruned = 8,     ///< gone at everybody who was asked
  unsafe = 9,     ///< not safe to sign
  unknown = 10,   ///< a name that is not known, or something proven absent
  in_use = 11,    ///< another process has the directory or the key
  bad_key = 12,   ///< a key file or passphrase that cannot be used
  interrupted = 130,
  terminated = 143,
};

/// One row of the table in manuals and docs/CLI.md.
struct ExitMeaning {
  Exit exit;
  const char* meaning;
};
[[nodiscard]] const std::vector<ExitMeaning>& exit_meanings();

/// The exit of a command that ended with this error.
[[nodiscard]] Exit exit_for(Code code);

/// The one to report when two things went wrong: the first of 6 5 9 7 8 4 3, then the others, `ok` last.
[[nodiscard]] Exit worse_of(Exit a, Exit b);

}  // namespace shoal::command
