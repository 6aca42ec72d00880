#include "merkle/tree_hash.h"

namespace shoal::merkle {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

}  // namespace

Digest leaf_hash(ByteView data) { return crypto::sha256(kLeafPrefix, data); }

Digest node_hash(const Digest& left, const Digest& right) { return crypto::sha256(kNodePrefix, left, right); }

const Digest& empty_root() {
  static const Digest root = crypto::sha256({});
  return root;
}

Digest tree_root(const std::vector<Digest>& leaf_hashes) {
  if (leaf_hashes.empty()) return empty_root();
  // Pairing level by level, a node without a partner rising unchanged, gives the tree of RFC 9162 section 2.1.1: its
  // split at the largest power of two leaves only the last subtree of each level short.
  std::vector<Digest> level = leaf_hashes;
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) level[i] = node_hash(level[2 * i], level[2 * i + 1]);
    if (level.size() % 2 != 0) level[pairs] = level.back();
    level.resize((level.size() + 1) / 2);
  }
  return level.front();
}

}  // namespace shoal::merkle
