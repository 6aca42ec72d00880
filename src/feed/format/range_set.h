#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace shoal::feed {

/// A set of block positions kept as runs: what of a feed is held. Cost grows with the number of runs, not of blocks.
/// A value type, confined to its caller.
class RangeSet {
 public:
  struct Run {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    auto operator<=>(const Run&) const = default;
  };

  void add(std::uint64_t position) { add(position, position + 1); }
  void add(std::uint64_t begin, std::uint64_t end);
  void remove(std::uint64_t begin, std::uint64_t end);

  [[nodiscard]] bool contains(std::uint64_t position) const;
  /// The first position >= `from` that is not in the set.
  [[nodiscard]] std::uint64_t first_gap(std::uint64_t from) const;
  /// Runs inside [begin, end), cut at its ends.
  [[nodiscard]] std::vector<Run> runs(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] std::vector<Run> runs() const { return runs(0, UINT64_MAX); }
  /// Number of positions in the set.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// One past the largest position; 0 when empty.
  [[nodiscard]] std::uint64_t bound() const { return runs_.empty() ? 0 : runs_.rbegin()->second; }

 private:
  std::map<std::uint64_t, std::uint64_t> runs_;  // begin -> end; neither touching nor overlapping
  std::uint64_t count_ = 0;
};

}  // namespace shoal::feed
