#pragma once

#include "merkle/right_edge.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shoal::feed {

using merkle::Digest;

/// Hashes of one complete or unfinished tile.
inline constexpr std::size_t kTileWidth = 256;
inline constexpr std::uint32_t kTileHeight = 8;

/// The growing end of a stored tree (docs/FORMAT.md, "Store"): complete tiles are rows, written once; the hashes of the
/// unfinished tile of each level and the right edge are here. A value type: a commit grows a copy and publishes it when
/// the rows are written.
class TreeTail {
 public:
  /// Reads the unfinished tiles of the tree of `size`: leaves from headers, higher levels from tile roots.
  /// Code::corrupt when rows are missing.
  [[nodiscard]] static Result<TreeTail> load(const store::KvStore& store, store::FeedNumber feed, std::uint64_t size);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const merkle::RightEdge& edge() const { return edge_; }

  /// Adds a leaf; rows it completes go into `batch`.
  void append(const Digest& leaf, store::FeedNumber feed, store::WriteBatch& batch);

  /// Hashes of [first, first + count) at level 8 * tile_level when they lie in an unfinished tile; null when that tile
  /// is complete.
  [[nodiscard]] const Digest* unfinished(std::uint32_t tile_level, std::uint64_t first, std::size_t count) const;

 private:
  std::uint64_t size_ = 0;
  merkle::RightEdge edge_;
  std::vector<std::vector<Digest>> levels_;  // [tile level]: the unfinished tile's hashes, fewer than kTileWidth
};

/// Reads a tile row. Code::corrupt when it is missing or has the wrong size.
[[nodiscard]] Result<std::vector<Digest>> read_tile(const store::KvStore& store, store::FeedNumber feed,
                                                    std::uint32_t tile_level, std::uint64_t index);
/// Reads a single node's row; nullopt when there is none.
[[nodiscard]] Result<std::optional<Digest>> read_node(const store::KvStore& store, store::FeedNumber feed,
                                                      const merkle::NodeId& node);
void put_node(store::WriteBatch& batch, store::FeedNumber feed, const merkle::NodeId& node, const Digest& hash);

/// Hashes of the subtrees `nodes`, all inside the tree of tail.size().
[[nodiscard]] Result<std::vector<Digest>> read_tree(const store::KvStore& store, store::FeedNumber feed,
                                                    const TreeTail& tail, const std::vector<merkle::NodeId>& nodes);

}  // namespace shoal::feed
