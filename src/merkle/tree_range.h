#pragma once

#include "merkle/tree_hash.h"

#include <cstdint>
#include <vector>

/// Ranges of leaves that are subtrees of an RFC 9162 tree, perfect or not: what its two kinds of proof are made of.
namespace shoal::merkle {

/// Leaves [begin, end), not empty; `begin` is a multiple of the smallest power of two that is at least the length.
struct TreeRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t size() const { return end - begin; }
  /// The first leaf of the right half: `begin` plus the largest power of two below the length (RFC 9162's k).
  [[nodiscard]] std::uint64_t split() const;
};

/// The Merkle tree hashes of `ranges`, in that order, from one read of the perfect subtrees that tile them.
[[nodiscard]] Result<std::vector<Digest>> range_hashes(const HashReader& tree, const std::vector<TreeRange>& ranges);

/// The hash of a range whose perfect subtrees have the roots [first, last), left to right; first < last.
Digest fold_right_to_left(const Digest* first, const Digest* last);

}  // namespace shoal::merkle
