#include "feed/format/leaf_tree.h"

#include "base/assert.h"
#include "merkle/right_edge.h"

namespace shoal::feed {

using merkle::Digest;
using merkle::NodeId;

void LeafTree::append(const Digest& leaf) {
  if (levels_.empty()) levels_.emplace_back();
  levels_.front().push_back(leaf);
  raise(levels_.front().size() - 1);
}

void LeafTree::set(std::uint64_t index, const Digest& leaf) {
  SHOAL_ASSERT(index < size());
  levels_.front()[index] = leaf;
  raise(index);
}

void LeafTree::raise(std::uint64_t index) {
  for (std::size_t level = 0; (index | 1) < levels_[level].size(); ++level) {
    const Digest parent = merkle::node_hash(levels_[level][index & ~std::uint64_t{1}], levels_[level][index | 1]);
    index >>= 1;
    if (level + 1 == levels_.size()) levels_.emplace_back();
    auto& above = levels_[level + 1];
    if (index == above.size()) {
      above.push_back(parent);
    } else {
      above[index] = parent;
    }
  }
}

Digest LeafTree::root() const {
  auto hashes = read(merkle::cover(0, size()));
  SHOAL_ASSERT(hashes.ok());
  auto edge = merkle::RightEdge::from_hashes(size(), std::move(hashes).value());
  SHOAL_ASSERT(edge.ok());
  return edge->root();
}

Result<std::vector<Digest>> LeafTree::read(const std::vector<NodeId>& nodes) const {
  std::vector<Digest> out;
  out.reserve(nodes.size());
  for (const NodeId& node : nodes) {
    if (node.level >= levels_.size() || node.index >= levels_[node.level].size()) {
      return Error{Code::not_found, "the tree has no such node"};
    }
    out.push_back(levels_[node.level][node.index]);
  }
  return out;
}

}  // namespace shoal::feed
