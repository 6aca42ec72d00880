#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Invariant 7: if one honest connected peer has a block, the reader gets it. At rest every follower that is up and has
/// a connection holds the whole feed.
class Completeness final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "completeness"; }

  void at_rest(const feed::FeedReader& truth, const std::vector<FollowerState>& followers) override {
    const std::uint64_t size = truth.block_prefix();
    for (const FollowerState& one : followers) {
      if (!one.up || !one.connected || one.reader->block_prefix() == size) continue;
      const std::optional<feed::Checkpoint> head = one.reader->head();
      fail("node " + std::to_string(one.node) + " holds " + std::to_string(one.reader->block_prefix()) + " of " +
           std::to_string(size) + " blocks, its head is at " + std::to_string(head ? head->tree_size : 0));
    }
  }
};

}  // namespace shoal::simulation
