#include "node/reading/mirror.h"

#include "node/api/deadline.h"

namespace shoal::node {

Result<std::uint64_t> LocalMirror::wait_synced(const Wait& wait) {
  const auto deadline = deadline_of(wait);
  const auto host = host_.lock();
  if (!host) return Error{Code::closed, "the node is closed", ""};
  for (;;) {
    const std::uint64_t version = host->version();
    if (host->closed()) return host->closed_error();
    if (const auto problem = host->budget_problem()) return *problem;
    const std::uint64_t synced = host->synced_size();
    if (synced > reported_) {
      reported_ = synced;
      return synced;
    }
    if (const auto fork = host->fork_error()) return *fork;
    if (host->wait_change(version, deadline, wait.stop)) continue;
    if (host->closed()) return host->closed_error();
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
    return Error{Code::timed_out, "nothing new was synced in time", "shoal peers shows who is connected"};
  }
}

}  // namespace shoal::node
