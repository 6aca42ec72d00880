#pragma once

#include "feed/format/fork.h"
#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Invariant 5: after one exchange with a second history every honest follower holds a proof that anybody can check.
class ForkProofHeld final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "fork proof"; }

  void after_fork(const std::vector<FollowerState>& followers) override {
    for (const FollowerState& one : followers) {
      if (!one.up || !one.connected) continue;
      const std::optional<Bytes> bytes = one.reader->fork_proof();
      if (!bytes || !one.saw_fork) {
        fail("node " + std::to_string(one.node) + " holds no proof");
        continue;
      }
      const Result<feed::ForkProof> proof = feed::decode_fork_proof(*bytes);
      if (!proof || !feed::verify_fork_proof(*proof)) fail("node " + std::to_string(one.node) + " holds a bad proof");
      if (bytes->size() > feed::kMaxForkProofSize) fail("a proof above 4 KiB");
    }
  }
};

}  // namespace shoal::simulation
