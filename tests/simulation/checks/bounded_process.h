#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Invariant 6 for a whole process: what waits for all peers of a node together is bounded. With the few
/// peers of a simulated node it stays far below what a real one may take.
class BoundedProcess final : public Check {
 public:
  static constexpr std::size_t kLimit = std::size_t{8} << 20;

  [[nodiscard]] const char* name() const override { return "bounded process"; }
  void on_waiting(NodeIndex from, NodeIndex, std::size_t, std::size_t for_all) override {
    if (for_all > kLimit) {
      fail("node " + std::to_string(from) + " keeps " + std::to_string(for_all) + " bytes for its peers");
    }
  }
};

}  // namespace shoal::simulation
