#pragma once

#include "feed/format/block.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace shoal::feed {

/// A set of block indices kept as runs that neither touch nor overlap: what of a feed is held, offered or asked for.
/// Operations cost O(log n) in the number of runs, not of blocks, plus what they change or return. A value type,
/// confined to its caller.
class RangeSet {
 public:
  void add(std::uint64_t block) { add(block, block + 1); }
  void add(std::uint64_t begin, std::uint64_t end);
  void add(const BlockRange& range) { add(range.begin.value(), range.end.value()); }
  void remove(std::uint64_t begin, std::uint64_t end);
  void remove(const BlockRange& range) { remove(range.begin.value(), range.end.value()); }
  void clear();

  [[nodiscard]] bool contains(std::uint64_t block) const;
  /// True when all of [begin, end) is in the set, and when that range is empty.
  [[nodiscard]] bool contains(std::uint64_t begin, std::uint64_t end) const;
  /// The first block >= `from` that is not in the set; it may be past every run.
  [[nodiscard]] std::uint64_t first_missing(std::uint64_t from) const;
  /// The first run inside [begin, end) that is not in the set.
  [[nodiscard]] std::optional<BlockRange> first_gap(std::uint64_t begin, std::uint64_t end) const;
  /// The first run inside [begin, end) that is in the set.
  [[nodiscard]] std::optional<BlockRange> first_run(std::uint64_t begin, std::uint64_t end) const;
  /// Runs inside [begin, end), cut at its ends.
  [[nodiscard]] std::vector<BlockRange> runs(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] std::vector<BlockRange> runs() const { return runs(0, UINT64_MAX); }
  /// Number of blocks in the set.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Number of its blocks inside [begin, end).
  [[nodiscard]] std::uint64_t count(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  /// One past the largest block; 0 when empty.
  [[nodiscard]] std::uint64_t bound() const { return runs_.empty() ? 0 : runs_.rbegin()->second; }

 private:
  using Runs = std::map<std::uint64_t, std::uint64_t>;  // begin -> end

  /// The first run that ends after `block`.
  [[nodiscard]] Runs::const_iterator reaching(std::uint64_t block) const;

  Runs runs_;
  std::uint64_t count_ = 0;
};

}  // namespace shoal::feed
