#include "merkle/tree_range.h"

#include "base/assert.h"
#include "base/try.h"

#include <bit>

namespace shoal::merkle {

std::uint64_t TreeRange::split() const {
  SHOAL_ASSERT(size() > 1);
  return begin + std::bit_floor(size() - 1);
}

Result<std::vector<Digest>> range_hashes(const HashReader& tree, const std::vector<TreeRange>& ranges) {
  std::vector<NodeId> nodes;
  std::vector<std::size_t> ends;  // of each range in `nodes`
  for (const TreeRange& range : ranges) {
    const std::vector<NodeId> tiles = cover(range.begin, range.end);
    nodes.insert(nodes.end(), tiles.begin(), tiles.end());
    ends.push_back(nodes.size());
  }
  if (nodes.empty()) return std::vector<Digest>{};
  SHOAL_TRY(const std::vector<Digest> held, tree.read(nodes));
  SHOAL_ASSERT(held.size() == nodes.size());
  std::vector<Digest> hashes;
  hashes.reserve(ranges.size());
  std::size_t begin = 0;
  for (std::size_t end : ends) {
    hashes.push_back(fold_right_to_left(held.data() + begin, held.data() + end));
    begin = end;
  }
  return hashes;
}

Digest fold_right_to_left(const Digest* first, const Digest* last) {
  SHOAL_ASSERT(first < last);
  Digest hash = *--last;
  while (last != first) hash = node_hash(*--last, hash);
  return hash;
}

}  // namespace shoal::merkle
