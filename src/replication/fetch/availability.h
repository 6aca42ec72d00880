#pragma once

#include "feed/format/range_set.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace shoal::replication {

using feed::BlockRange;
using feed::RangeSet;

/// How many peers hold each block, as runs of equal counts; rarest first needs it. Rebuilt from the ranges of all
/// peers: O(n log n) in the number of ranges. A look-up is O(log n).
class Availability {
 public:
  /// One peer's ranges, ascending and disjoint.
  void add_holder(const std::vector<BlockRange>& ranges);
  /// Counts what was added since clear(); to be called before at().
  void build();
  void clear();

  struct Run {
    std::uint64_t end = 0;  ///< the count holds up to here
    std::uint32_t holders = 0;
  };
  [[nodiscard]] Run at(std::uint64_t block) const;

 private:
  std::vector<std::pair<std::uint64_t, std::int32_t>> steps_;  ///< where holders begin (+1) and end (-1)
  std::vector<std::pair<std::uint64_t, std::uint32_t>> runs_;  ///< first block, holders; up to the next one's first
};

}  // namespace shoal::replication
