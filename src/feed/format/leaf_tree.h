#pragma once

#include "merkle/tree_hash.h"

#include <cstdint>
#include <vector>

namespace shoal::feed {

/// A Merkle tree in memory whose leaves may change: topic state, pieces of a payload. Keeps the root of every perfect
/// subtree, two hashes a leaf; changing a leaf costs O(log n). A value type.
class LeafTree final : public merkle::HashReader {
 public:
  [[nodiscard]] std::uint64_t size() const { return levels_.empty() ? 0 : levels_.front().size(); }
  void append(const merkle::Digest& leaf);
  /// Requires index < size().
  void set(std::uint64_t index, const merkle::Digest& leaf);
  /// RFC 9162 Merkle tree hash. O(log n).
  [[nodiscard]] merkle::Digest root() const;

  [[nodiscard]] Result<std::vector<merkle::Digest>> read(const std::vector<merkle::NodeId>& nodes) const override;

 private:
  void raise(std::uint64_t index);

  std::vector<std::vector<merkle::Digest>> levels_;  // [level][index], perfect subtrees only
};

}  // namespace shoal::feed
