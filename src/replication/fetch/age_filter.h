#pragma once

#include "replication/fetch/request_planner.h"
#include "replication/peers/replicator_core.h"

#include <cstdint>
#include <optional>

namespace shoal::replication {

/// What to ask of a missing range when payloads from before some time are not wanted: headers alone until one was
/// appended recently enough (docs/PROTOCOL.md, "Reading"). Prunes what it passes over.
class AgeFilter {
 public:
  explicit AgeFilter(ReplicatorCore& core) : core_(core) {}

  struct Step {
    BlockRange range;
    bool headers_only = false;
  };
  /// nullopt: nothing more, the range begins with blocks that are too old; the planner counts them as held now.
  [[nodiscard]] std::optional<Step> step_of(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner);

 private:
  /// Passes over blocks from `missing.begin` on whose headers show that they are too old; true when there were some.
  bool pass_over_old(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner);
  [[nodiscard]] std::optional<feed::BlockHeader> held_header(std::uint64_t block) const;

  ReplicatorCore& core_;
};

}  // namespace shoal::replication
