#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Blame is exact: no honest node ever names an honest one, whatever hostile ones relay through it.
class ExactBlame final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "exact blame"; }
  void on_honest_blamed(NodeIndex by, NodeIndex whom, const std::string& what) override {
    fail("node " + std::to_string(by) + " blamed the honest node " + std::to_string(whom) + ": " + what);
  }
};

}  // namespace shoal::simulation
