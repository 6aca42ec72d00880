#pragma once

#include "feed/log/feed_log.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace shoal::replication {

using feed::BlockRange;

/// A set of block indices kept as disjoint, merged ranges. Operations cost O(log n) in the number of ranges plus what
/// they change.
class HaveSet {
 public:
  void add(std::uint64_t begin, std::uint64_t end);
  void remove(std::uint64_t begin, std::uint64_t end);
  void clear() {
    ranges_.clear();
    count_ = 0;
  }

  [[nodiscard]] bool contains(std::uint64_t block) const;
  [[nodiscard]] bool contains(std::uint64_t begin, std::uint64_t end) const;
  /// Start of the first hole at or after `begin`; may be past every range.
  [[nodiscard]] std::uint64_t first_missing(std::uint64_t begin) const;
  /// The first run inside [begin, end) that is not in the set.
  [[nodiscard]] std::optional<BlockRange> first_gap(std::uint64_t begin, std::uint64_t end) const;
  /// The first run inside [begin, end) that is in the set.
  [[nodiscard]] std::optional<BlockRange> first_run(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] std::vector<BlockRange> ranges() const;
  /// Blocks in all ranges.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::size_t range_count() const { return ranges_.size(); }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< begin -> end
  std::uint64_t count_ = 0;
};

}  // namespace shoal::replication
