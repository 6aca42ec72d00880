#pragma once

#include "crypto/hash.h"
#include "merkle/tree_math.h"

#include <functional>
#include <vector>

namespace shoal::merkle {

using crypto::Digest;

/// SHA-256(0x00 || data), RFC 9162 section 2.1.1.
Digest leaf_hash(ByteView data);
/// SHA-256(0x01 || left || right), RFC 9162 section 2.1.1.
Digest node_hash(const Digest& left, const Digest& right);
/// SHA-256 of nothing: the root of the tree of size 0.
const Digest& empty_root();

/// Gives hashes of perfect subtrees of one tree. Implementations: a stored feed, a vector of leaves.
class HashReader {
 public:
  virtual ~HashReader() = default;
  /// Hashes in the order of `nodes`. Code::not_found when one is not held, Code::corrupt when the store is damaged.
  [[nodiscard]] virtual Result<std::vector<Digest>> read(const std::vector<NodeId>& nodes) const = 0;
};

/// Root of a whole small tree whose leaves are at hand (payload pieces, tests). O(n).
Digest tree_root(const std::vector<Digest>& leaf_hashes);

}  // namespace shoal::merkle
