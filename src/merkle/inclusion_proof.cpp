#include "merkle/inclusion_proof.h"

#include "merkle/tree_range.h"

#include <algorithm>

namespace shoal::merkle {

Result<std::vector<Digest>> prove_inclusion(const HashReader& tree, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return Error{Code::invalid_argument, "the leaf to prove lies outside the tree"};
  if (size >= kMaxTreeSize) return Error{Code::invalid_argument, "the tree is larger than the format allows"};
  // PATH(m, D_n) of the RFC, walked from the root: at each split the half without the leaf is one element.
  std::vector<TreeRange> siblings;
  TreeRange range{0, size};
  while (range.size() > 1) {
    const std::uint64_t split = range.split();
    if (index < split) {
      siblings.push_back({split, range.end});
      range.end = split;
    } else {
      siblings.push_back({range.begin, split});
      range.begin = split;
    }
  }
  std::reverse(siblings.begin(), siblings.end());
  return range_hashes(tree, siblings);
}

Result<void> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                              const std::vector<Digest>& path, const Digest& root) {
  const Error refused{Code::unverified, "the inclusion proof does not lead to the root"};
  if (index >= size) return refused;
  // Names and steps of RFC 9162 section 2.1.3.2: fn is the node's position on its level, sn that of the last node.
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : path) {
    if (sn == 0) return refused;
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      // The last node of a level without a partner rises unchanged.
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || hash != root) return refused;
  return {};
}

}  // namespace shoal::merkle
