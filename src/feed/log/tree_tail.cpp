#include "feed/log/tree_tail.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "feed/format/block.h"

#include <algorithm>
#include <map>

// The tree is stored as tiles (C2SP tlog-tiles): 256 consecutive hashes of every eighth level in one row, written once
// and never changed. Hashes between those levels are folded from a tile when asked for: one row is read instead of
// eight hashes stored. Unfinished tiles are not stored at all; they are read back at open, the lowest one from at most
// 255 headers, the others from single roots, so a commit of one block writes no tree row at all in 255 of 256 cases.
// Without the tail in memory every append would read the edge back.
namespace shoal::feed {
namespace {

constexpr std::size_t kDigestSize = 32;

/// Complete subtrees of level 8 * tile_level in the tree of `size`.
std::uint64_t nodes_at(std::uint32_t tile_level, std::uint64_t size) { return size >> (kTileHeight * tile_level); }

Digest digest_at(ByteView row, std::size_t index) {
  Digest out;
  std::copy_n(row.begin() + static_cast<std::ptrdiff_t>(index * kDigestSize), kDigestSize, out.bytes.begin());
  return out;
}

Bytes encode_tile(const std::vector<Digest>& hashes) {
  Bytes out;
  out.reserve(hashes.size() * kDigestSize);
  for (const Digest& hash : hashes) base::append(out, hash.bytes);
  return out;
}

/// Root of a perfect subtree whose leaves (a power of two of them) are at `first`.
Digest fold_perfect(const Digest* first, std::size_t count) {
  std::vector<Digest> level(first, first + count);
  for (; level.size() > 1; level.resize(level.size() / 2)) {
    for (std::size_t i = 0; i < level.size() / 2; ++i) level[i] = merkle::node_hash(level[2 * i], level[2 * i + 1]);
  }
  return level.front();
}

/// Leaf hashes of [begin, end) from the headers.
Result<std::vector<Digest>> leaves_of(const store::KvStore& store, store::FeedNumber feed, std::uint64_t begin,
                                      std::uint64_t end) {
  std::vector<Digest> out;
  if (begin == end) return out;
  out.reserve(end - begin);
  const auto rows = store.iterate(store::Column::headers);
  rows->seek(store::block_key(feed, BlockIndex{begin}));
  for (std::uint64_t block = begin; block < end; ++block, rows->next()) {
    if (!rows->valid() || !std::ranges::equal(rows->key(), store::block_key(feed, BlockIndex{block}))) {
      SHOAL_CHECK(rows->status());
      return Error{Code::corrupt, "the header of block " + std::to_string(block) + " is missing"};
    }
    out.push_back(header_leaf(rows->value()));
  }
  return out;
}

}  // namespace

Result<TreeTail> TreeTail::load(const store::KvStore& store, store::FeedNumber feed, std::uint64_t size) {
  TreeTail tail;
  tail.size_ = size;
  for (std::uint32_t level = 0; level == 0 || nodes_at(level, size) > 0; ++level) {
    const std::uint64_t end = nodes_at(level, size);
    const std::uint64_t begin = end - end % kTileWidth;
    std::vector<Digest>& hashes = tail.levels_.emplace_back();
    if (level == 0) {
      SHOAL_TRY(hashes, leaves_of(store, feed, begin, end));
      continue;
    }
    for (std::uint64_t index = begin; index < end; ++index) {
      SHOAL_TRY(const auto hash, read_node(store, feed, merkle::NodeId{level * kTileHeight, index}));
      if (!hash) return Error{Code::corrupt, "the root of a tree tile is missing"};
      hashes.push_back(*hash);
    }
  }
  const std::vector<merkle::NodeId> nodes = merkle::cover(0, size);
  SHOAL_TRY(std::vector<Digest> hashes, read_tree(store, feed, tail, nodes));
  SHOAL_TRY(tail.edge_, merkle::RightEdge::from_hashes(size, std::move(hashes)));
  return tail;
}

void TreeTail::append(const Digest& leaf, store::FeedNumber feed, store::WriteBatch& batch) {
  const std::uint64_t position = size_++;
  std::vector<merkle::RightEdge::Completed> completed;
  edge_.append_leaf(leaf, &completed);
  const auto push = [&](std::uint32_t tile_level, std::uint64_t index, const Digest& hash) {
    if (levels_.size() <= tile_level) levels_.resize(tile_level + 1);
    std::vector<Digest>& tile = levels_[tile_level];
    tile.push_back(hash);
    SHOAL_ASSERT(tile.size() == index % kTileWidth + 1);
    if (tile.size() < kTileWidth) return;
    batch.put(store::Column::tree, store::tile_key(feed, tile_level, index / kTileWidth), encode_tile(tile));
    tile.clear();
  };
  push(0, position, leaf);
  for (const auto& [node, hash] : completed) {
    if (node.level % kTileHeight != 0) continue;
    put_node(batch, feed, node, hash);
    push(node.level / kTileHeight, node.index, hash);
  }
}

const Digest* TreeTail::unfinished(std::uint32_t tile_level, std::uint64_t first, std::size_t count) const {
  if (tile_level >= levels_.size()) return nullptr;
  const std::vector<Digest>& tile = levels_[tile_level];
  const std::uint64_t end = nodes_at(tile_level, size_);
  const std::uint64_t begin = end - tile.size();
  if (first < begin || first + count > end) return nullptr;
  return tile.data() + (first - begin);
}

Result<std::vector<Digest>> read_tile(const store::KvStore& store, store::FeedNumber feed, std::uint32_t tile_level,
                                      std::uint64_t index) {
  SHOAL_TRY(const auto row, store.get(store::Column::tree, store::tile_key(feed, tile_level, index)));
  if (!row || row->size() != kTileWidth * kDigestSize) {
    return Error{Code::corrupt, "tree tile " + std::to_string(tile_level) + "/" + std::to_string(index) +
                                    (row ? " has the wrong size" : " is missing")};
  }
  std::vector<Digest> out(kTileWidth);
  for (std::size_t i = 0; i < kTileWidth; ++i) out[i] = digest_at(*row, i);
  return out;
}

Result<std::optional<Digest>> read_node(const store::KvStore& store, store::FeedNumber feed,
                                        const merkle::NodeId& node) {
  SHOAL_TRY(const auto row, store.get(store::Column::tree, store::node_key(feed, node)));
  if (!row) return std::optional<Digest>{};
  if (row->size() != kDigestSize) return Error{Code::corrupt, "a tree node has the wrong size"};
  return std::optional<Digest>{digest_at(*row, 0)};
}

void put_node(store::WriteBatch& batch, store::FeedNumber feed, const merkle::NodeId& node, const Digest& hash) {
  batch.put(store::Column::tree, store::node_key(feed, node), Bytes(hash.bytes.begin(), hash.bytes.end()));
}

Result<std::vector<Digest>> read_tree(const store::KvStore& store, store::FeedNumber feed, const TreeTail& tail,
                                      const std::vector<merkle::NodeId>& nodes) {
  std::vector<Digest> out;
  out.reserve(nodes.size());
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::vector<Digest>> tiles;  // read once per call
  for (const merkle::NodeId& node : nodes) {
    const std::uint32_t tile_level = node.level / kTileHeight;
    const std::size_t count = std::size_t{1} << (node.level % kTileHeight);
    const std::uint64_t first = node.index * count;
    const Digest* hashes = tail.unfinished(tile_level, first, count);
    if (hashes == nullptr) {
      auto [tile, created] = tiles.try_emplace({tile_level, first / kTileWidth});
      if (created) {
        SHOAL_TRY(tile->second, read_tile(store, feed, tile_level, first / kTileWidth));
      }
      hashes = tile->second.data() + first % kTileWidth;
    }
    out.push_back(fold_perfect(hashes, count));
  }
  return out;
}

}  // namespace shoal::feed
