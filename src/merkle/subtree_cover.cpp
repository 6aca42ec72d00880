#include "merkle/subtree_cover.h"

#include "base/assert.h"
#include "base/try.h"

namespace shoal::merkle {
namespace {

/// Appends `hashes` as the cover of [edge.size(), end); `next` is the first one that is not used yet.
bool append_gap(RightEdge& edge, std::uint64_t end, const std::vector<Digest>& hashes, std::size_t& next,
                std::vector<RightEdge::Completed>& verified) {
  for (const NodeId& node : cover(edge.size(), end)) {
    if (next == hashes.size()) return false;
    const Digest& hash = hashes[next++];
    verified.push_back({node, hash});
    SHOAL_ASSERT(edge.append_subtree(node, hash, &verified));
  }
  return true;
}

}  // namespace

Result<std::vector<Digest>> build_cover(const HashReader& tree, std::uint64_t base, std::uint64_t size,
                                        const std::vector<std::uint64_t>& leaves) {
  if (base > size || size >= kMaxTreeSize) {
    return Error{Code::invalid_argument, "a cover needs base <= tree size < 2^48"};
  }
  std::uint64_t free = base;  // the smallest position that the next leaf may have
  for (std::uint64_t leaf : leaves) {
    if (leaf < free || leaf >= size) {
      return Error{Code::invalid_argument, "the leaves of a cover are sorted, unique and inside it"};
    }
    free = leaf + 1;
  }
  const std::vector<NodeId> nodes = cover_around(base, size, leaves);
  if (nodes.empty()) return std::vector<Digest>{};
  SHOAL_TRY(std::vector<Digest> hashes, tree.read(nodes));
  SHOAL_ASSERT(hashes.size() == nodes.size());
  return hashes;
}

Result<CoverResult> verify_cover(const RightEdge& from, std::uint64_t size, const Digest& root,
                                 const std::vector<Leaf>& leaves, const std::vector<Digest>& hashes) {
  if (size < from.size() || size >= kMaxTreeSize) return Error{Code::unverified, "the cover's tree size is impossible"};
  CoverResult result{from, {}};
  RightEdge& edge = result.edge;
  std::size_t next = 0;
  for (const Leaf& leaf : leaves) {
    if (leaf.index < edge.size() || leaf.index >= size) {
      return Error{Code::unverified, "the cover's leaves are unsorted or outside it"};
    }
    if (!append_gap(edge, leaf.index, hashes, next, result.verified)) {
      return Error{Code::unverified, "the cover has too few hashes"};
    }
    edge.append_leaf(leaf.hash, &result.verified);
  }
  if (!append_gap(edge, size, hashes, next, result.verified)) {
    return Error{Code::unverified, "the cover has too few hashes"};
  }
  if (next != hashes.size()) return Error{Code::unverified, "the cover has too many hashes"};
  if (edge.root() != root) return Error{Code::unverified, "the cover does not lead to the signed root"};
  return result;
}

}  // namespace shoal::merkle
