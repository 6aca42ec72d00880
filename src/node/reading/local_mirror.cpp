#include "node/reading/local_mirror.h"

#include "node/api/deadline.h"

namespace shoal::node {

Result<std::uint64_t> LocalMirror::wait_synced(const Wait& wait) {
  const auto deadline = deadline_of(wait);
  const auto host = host_.lock();
  if (!host) return Error{Code::closed, "the node is closed", ""};
  for (;;) {
    const std::uint64_t version = host->news().version();
    if (const auto closed = host->news().closed()) return *closed;
    if (const auto problem = host->allowance().problem()) return *problem;
    const std::uint64_t synced = host->synced_size();
    if (synced > reported_) {
      reported_ = synced;
      return synced;
    }
    if (const auto fork = host->fork().error()) return *fork;
    if (host->news().wait_change(version, deadline, wait.stop)) continue;
    if (const auto closed = host->news().closed()) return *closed;
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
    return Error{Code::timed_out, "nothing new was synced in time", "shoal peers shows who is connected"};
  }
}

}  // namespace shoal::node
