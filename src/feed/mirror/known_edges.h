#pragma once

#include "feed/log/feed_log.h"
#include "merkle/right_edge.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace shoal::feed {

/// Right edges from which runs of blocks can be proven: those inside the header prefix, the accepted head's, and those
/// of heads that were passed. A peer that is a little behind sends runs that begin there, and without the edge they
/// could not be verified. On the executor of its FeedMirror; `log` outlives it.
class KnownEdges {
 public:
  explicit KnownEdges(const FeedLog& log) : log_(&log) {}

  /// The accepted head's, once some cover proved it.
  [[nodiscard]] std::optional<merkle::RightEdge> of_head() const {
    return log_->inspect([](const LogState& state) { return state.head_edge; });
  }
  [[nodiscard]] bool knows(std::uint64_t size) const;
  /// Code::not_found unless knows().
  [[nodiscard]] Result<merkle::RightEdge> at(std::uint64_t size) const;
  /// An edge that is proven; the newest 64 stay.
  void remember(merkle::RightEdge edge);

 private:
  const FeedLog* log_;
  std::deque<merkle::RightEdge> passed_;  // newest last
};

}  // namespace shoal::feed
