#pragma once

#include "merkle/right_edge.h"

#include <cstdint>
#include <vector>

/// How bytes are proven to a reader that has a signed root (docs/FORMAT.md, "Subtree covers"): leaves and roots of
/// perfect subtrees that together tile the tree are folded into a right edge, whose root must be the signed one.
namespace shoal::merkle {

/// A leaf at a known position.
struct Leaf {
  std::uint64_t index = 0;
  Digest hash;
};

/// Hashes that go with `leaves` (sorted, unique, in [base, size)) so that a reader who holds the right edge at `base`
/// can compute the root at `size`: those of cover_around(base, size, leaves) in that order.
[[nodiscard]] Result<std::vector<Digest>> build_cover(const HashReader& tree, std::uint64_t base, std::uint64_t size,
                                                      const std::vector<std::uint64_t>& leaves);

/// What a verified cover taught the reader.
struct CoverResult {
  RightEdge edge;                              ///< right edge at `size`
  std::vector<RightEdge::Completed> verified;  ///< interior nodes completed on the way, and the cover's own nodes
};

/// Folds `from` (right edge at base; empty for base 0), `leaves` and `hashes` into the right edge at `size` and
/// compares with `root`. Code::unverified when hashes are too few or too many, leaves are unsorted or outside
/// [base, size), or the root differs. `size` and `root` must come from one signed head: a root alone does not fix the
/// size.
[[nodiscard]] Result<CoverResult> verify_cover(const RightEdge& from, std::uint64_t size, const Digest& root,
                                               const std::vector<Leaf>& leaves, const std::vector<Digest>& hashes);

}  // namespace shoal::merkle
