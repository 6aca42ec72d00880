#include "node/mirror.h"

namespace shoal::node {

LocalMirror::LocalMirror(FeedHost& host, const MirrorOptions& options, std::shared_ptr<void> keep_alive)
    : host_(&host), keep_alive_(std::move(keep_alive)) {
  FeedHost::Want want;
  want.filter.topics = options.topics;
  want.everything = options.topics.empty();
  want_ = host.want(std::move(want));
}

Result<std::uint64_t> LocalMirror::wait_synced(const Wait& wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait.timeout;
  for (;;) {
    const std::uint64_t version = host_->version();
    if (host_->closed()) return Error{Code::closed, "the node is closed", ""};
    const std::uint64_t synced = host_->synced_size();
    if (synced > reported_) {
      reported_ = synced;
      return synced;
    }
    if (host_->reader().fork_proof()) {
      return Error{Code::fork, "the owner of feed " + host_->id().hex() + " signed two histories",
                   "what lies before the fork is kept and served"};
    }
    if (host_->wait_change(version, deadline, wait.stop)) continue;
    if (host_->closed()) return Error{Code::closed, "the node is closed", ""};
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
    return Error{Code::timed_out, "nothing new was synced in time", "shoal peers shows who is connected"};
  }
}

}  // namespace shoal::node
