#pragma once

#include "base/random.h"
#include "simulation/sim_network.h"

#include <algorithm>
#include <vector>

namespace shoal::simulation {

/// Tells hosts of others that announced themselves once: some are dead meanwhile, and some addresses never were
/// anybody.
class SimLocator {
 public:
  SimLocator(std::uint64_t seed, double wrong) : random_(seed), wrong_(wrong) {}

  void announce(NodeIndex node) {
    if (std::find(known_.begin(), known_.end(), node) == known_.end()) known_.push_back(node);
  }
  /// An address to dial; from kNobody on it is one where nobody ever was.
  static constexpr NodeIndex kNobody = 0xffff0000;
  NodeIndex sample() {
    const bool lie = static_cast<double>(random_.below(1000)) < wrong_ * 1000;
    if (known_.empty() || lie) return kNobody + random_.below(0xffff);
    return known_[random_.below(known_.size())];
  }

 private:
  base::SeededRandom random_;
  double wrong_;
  std::vector<NodeIndex> known_;
};

}  // namespace shoal::simulation
