#include "merkle/right_edge.h"

#include "base/assert.h"
#include "merkle/tree_range.h"

#include <bit>

namespace shoal::merkle {

Result<RightEdge> RightEdge::from_hashes(std::uint64_t size, std::vector<Digest> hashes) {
  if (size >= kMaxTreeSize) return Error{Code::invalid_argument, "the tree is larger than the format allows"};
  // cover(0, size) has one subtree for each bit that is set in the size.
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return Error{Code::invalid_argument, "the right edge does not have the number of hashes of its tree size"};
  }
  RightEdge edge;
  edge.size_ = size;
  edge.hashes_ = std::move(hashes);
  return edge;
}

void RightEdge::append_leaf(const Digest& leaf, std::vector<Completed>* completed) {
  SHOAL_ASSERT(append_subtree(NodeId{0, size_}, leaf, completed));
}

bool RightEdge::append_subtree(const NodeId& node, const Digest& hash, std::vector<Completed>* completed) {
  // Levels and positions may come from a peer: check before any shift.
  if (node.level >= 48 || node.index > (kMaxTreeSize - 1) >> node.level) return false;
  if (node.first_leaf() != size_ || node.end_leaf() >= kMaxTreeSize) return false;
  Digest joined = hash;
  NodeId top = node;
  // A set bit of the size at the new subtree's level is a left sibling that waits for it.
  while ((size_ >> top.level & 1) != 0) {
    joined = node_hash(hashes_.back(), joined);
    hashes_.pop_back();
    top = NodeId{top.level + 1, top.index >> 1};
    if (completed != nullptr) completed->push_back({top, joined});
  }
  hashes_.push_back(joined);
  size_ = node.end_leaf();
  return true;
}

Digest RightEdge::root() const {
  if (hashes_.empty()) return empty_root();
  return fold_right_to_left(hashes_.data(), hashes_.data() + hashes_.size());
}

}  // namespace shoal::merkle
