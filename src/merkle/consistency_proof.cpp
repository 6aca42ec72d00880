#include "merkle/consistency_proof.h"

#include "merkle/tree_range.h"

#include <algorithm>
#include <bit>

namespace shoal::merkle {

Result<std::vector<Digest>> prove_consistency(const HashReader& tree, std::uint64_t first, std::uint64_t second) {
  if (first == 0 || first > second) {
    return Error{Code::invalid_argument, "a consistency proof needs 0 < first size <= second size"};
  }
  if (second >= kMaxTreeSize) return Error{Code::invalid_argument, "the tree is larger than the format allows"};
  // SUBPROOF(m, D_n, b) of the RFC, walked from the root until the range ends where the first tree ends.
  std::vector<TreeRange> parts;
  TreeRange range{0, second};
  while (range.end != first) {
    const std::uint64_t split = range.split();
    if (first <= split) {
      parts.push_back({split, range.end});
      range.end = split;
    } else {
      parts.push_back({range.begin, split});
      range.begin = split;
    }
  }
  // A range from 0 is the first tree itself: its root is known to the verifier.
  if (range.begin != 0) parts.push_back(range);
  std::reverse(parts.begin(), parts.end());
  return range_hashes(tree, parts);
}

Result<void> verify_consistency(std::uint64_t first, const Digest& first_root, std::uint64_t second,
                                const Digest& second_root, const std::vector<Digest>& proof) {
  const Error refused{Code::unverified, "the consistency proof does not connect the two roots"};
  if (first == 0 || first > second) return refused;
  if (first == second) {
    if (!proof.empty() || first_root != second_root) return refused;
    return {};
  }
  // Names and steps of RFC 9162 section 2.1.4.2. The path of a first tree that is perfect begins with its own root.
  std::vector<Digest> path;
  path.reserve(proof.size() + 1);
  if (std::has_single_bit(first)) path.push_back(first_root);
  path.insert(path.end(), proof.begin(), proof.end());
  if (proof.empty()) return refused;

  std::uint64_t fn = first - 1;
  std::uint64_t sn = second - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Digest fr = path.front();
  Digest sr = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (sn == 0) return refused;
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(path[i], fr);
      sr = node_hash(path[i], sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || fr != first_root || sr != second_root) return refused;
  return {};
}

}  // namespace shoal::merkle
