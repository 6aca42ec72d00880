#pragma once

#include <compare>
#include <cstdint>
#include <vector>

/// Where nodes lie in an RFC 9162 Merkle tree. Pure arithmetic; sizes and leaf positions are plain integers here,
/// because the same tree serves blocks, topic state and payload pieces.
namespace shoal::merkle {

/// Root of a perfect subtree: its leaves are [index << level, (index + 1) << level). Such a root never changes once
/// its last leaf is there.
struct NodeId {
  std::uint32_t level = 0;
  std::uint64_t index = 0;

  auto operator<=>(const NodeId&) const = default;
  [[nodiscard]] std::uint64_t first_leaf() const { return index << level; }
  [[nodiscard]] std::uint64_t end_leaf() const { return (index + 1) << level; }
};

/// Largest tree size of the format (exclusive).
inline constexpr std::uint64_t kMaxTreeSize = std::uint64_t{1} << 48;

/// The maximal perfect subtrees that tile leaves [begin, end), left to right: at most 2 * log2(end) of them.
/// cover(0, n) is the right edge of size n. Requires begin <= end <= kMaxTreeSize.
std::vector<NodeId> cover(std::uint64_t begin, std::uint64_t end);

/// The covers of what lies in [begin, end) outside `leaves` (sorted, no duplicates, all inside), left to right: with
/// the leaf hashes of `leaves` they tile [begin, end).
std::vector<NodeId> cover_around(std::uint64_t begin, std::uint64_t end, const std::vector<std::uint64_t>& leaves);

}  // namespace shoal::merkle
