#include "merkle/tree_math.h"

#include "base/assert.h"

#include <algorithm>
#include <bit>

namespace shoal::merkle {
namespace {

void append_cover(std::uint64_t begin, std::uint64_t end, std::vector<NodeId>& out) {
  while (begin < end) {
    // The largest perfect subtree may neither start before `begin` (alignment) nor pass `end` (length).
    const int aligned = std::countr_zero(begin);  // 64 for 0
    const int fitting = static_cast<int>(std::bit_width(end - begin)) - 1;
    const auto level = static_cast<std::uint32_t>(std::min(aligned, fitting));
    out.push_back({level, begin >> level});
    begin += std::uint64_t{1} << level;
  }
}

}  // namespace

std::vector<NodeId> cover(std::uint64_t begin, std::uint64_t end) {
  SHOAL_ASSERT(begin <= end && end <= kMaxTreeSize);
  std::vector<NodeId> nodes;
  append_cover(begin, end, nodes);
  return nodes;
}

std::vector<NodeId> cover_around(std::uint64_t begin, std::uint64_t end, const std::vector<std::uint64_t>& leaves) {
  SHOAL_ASSERT(begin <= end && end <= kMaxTreeSize);
  std::vector<NodeId> nodes;
  std::uint64_t position = begin;
  for (std::uint64_t leaf : leaves) {
    SHOAL_ASSERT(leaf >= position && leaf < end);
    append_cover(position, leaf, nodes);
    position = leaf + 1;
  }
  append_cover(position, end, nodes);
  return nodes;
}

}  // namespace shoal::merkle
