#pragma once

#include "merkle/tree_hash.h"

#include <cstdint>
#include <vector>

namespace shoal::merkle {

/// The roots of the perfect subtrees that tile a tree of some size, left to right (at most 64; here at most 48):
/// all that is needed to grow the tree and to know its root. A value type, cheap to copy.
class RightEdge {
 public:
  RightEdge() = default;
  /// Code::invalid_argument when the number of hashes is not that of cover(0, size), or size >= kMaxTreeSize.
  static Result<RightEdge> from_hashes(std::uint64_t size, std::vector<Digest> hashes);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<Digest>& hashes() const { return hashes_; }

  /// A perfect subtree that merging completed, with its root: what a store may keep.
  struct Completed {
    NodeId node;
    Digest hash;
  };

  /// Adds one leaf by its hash. Amortised two hashes. Completed interior nodes are appended to `completed` if given.
  void append_leaf(const Digest& leaf, std::vector<Completed>* completed = nullptr);
  /// Adds a perfect subtree that begins at size(); false (and unchanged) when `node` does not begin there or is larger
  /// than the alignment of size() allows. `completed` gets what merging made, not `node` itself.
  [[nodiscard]] bool append_subtree(const NodeId& node, const Digest& hash,
                                    std::vector<Completed>* completed = nullptr);

  /// RFC 9162 Merkle tree hash of the whole tree. O(log n).
  [[nodiscard]] Digest root() const;

  auto operator<=>(const RightEdge&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

}  // namespace shoal::merkle
