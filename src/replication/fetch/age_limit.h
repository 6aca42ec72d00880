#pragma once

#include "replication/fetch/request_planner.h"
#include "replication/peers/replicator_core.h"

#include <cstdint>
#include <optional>

namespace shoal::replication {

/// Applies a follow's age limit (Follow::oldest) to a missing range: says what to request of it, and prunes blocks
/// whose headers show that their payloads are too old (docs/PROTOCOL.md, "Reading").
///
/// A block's age is known only from its header. So headers alone are requested until one of them was appended recently
/// enough; blocks are appended in the order of the owner's clock, so every block behind that one counts as recent too.
/// Without the limit a mirror with retention would download payloads only to prune them at once.
class AgeLimit {
 public:
  explicit AgeLimit(ReplicatorCore& core) : core_(core) {}

  struct Step {
    BlockRange range;
    bool headers_only = false;
  };
  /// What to request of the beginning of `missing`. nullopt: the range began with blocks that are too old; they were
  /// pruned and the planner counts them as held, so the caller takes the next missing range.
  [[nodiscard]] std::optional<Step> next_step(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner);

 private:
  /// Prunes blocks from `missing.begin` on whose headers show that they are too old; true when there were some.
  bool prune_old(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner);
  [[nodiscard]] std::optional<feed::BlockHeader> held_header(std::uint64_t block) const;

  ReplicatorCore& core_;
};

}  // namespace shoal::replication
