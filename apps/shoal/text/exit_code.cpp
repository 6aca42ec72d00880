#include "text/exit_code.h"

#include <algorithm>
#include <array>

namespace shoal::command {

const std::vector<ExitMeaning>& exit_meanings() {
  static const std::vector<ExitMeaning> kMeanings = {
      {Exit::ok,
       "done; also SIGINT or SIGTERM after a clean stop of node, mirror, bootstrap, a live sub and pub --seed, and a "
       "closed stdout"},
      {Exit::error, "error"},
      {Exit::usage, "usage: the command line, the environment or the configuration file does not fit"},
      {Exit::partly, "partly done, or holes were found"},
      {Exit::no_answer, "nobody answered, or a timeout passed"},
      {Exit::damaged, "verification failed, or the own disk is damaged; the error says which"},
      {Exit::fork,
       "the feed's owner signed two histories, and the file of the proof is named (DIR/forks/FEED.fork), or signed "
       "what contradicts itself"},
      {Exit::full, "the disk or the budget is full"},
      {Exit::pruned, "pruned at everybody who was asked"},
      {Exit::unsafe, "not safe to sign"},
      {Exit::unknown, "an unknown name, or something proven absent"},
      {Exit::in_use, "the directory or key is in use and its node does not answer; the process is named"},
      {Exit::bad_key, "a key file or passphrase that cannot be used"},
      {Exit::interrupted, "a finite job was ended by SIGINT"},
      {Exit::terminated, "a finite job was ended by SIGTERM"},
  };
  return kMeanings;
}

Exit exit_for(Code code) {
  switch (code) {
    case Code::invalid_argument: return Exit::usage;
    case Code::not_found: return Exit::unknown;
    case Code::already_exists: return Exit::error;
    case Code::unverified:
    case Code::corrupt: return Exit::damaged;
    case Code::fork:
    case Code::contradiction: return Exit::fork;
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
