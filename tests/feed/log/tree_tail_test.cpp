#include "feed/log/tree_tail.h"

#include "feed/format/block.h"
#include "feed/recording_store.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

using testing::RecordingStore;

constexpr store::FeedNumber kFeed{3};

/// A tree over headers that are one number each.
class TreeTailTest : public ::testing::Test {
 protected:
  void grow(std::uint64_t size) {
    store::WriteBatch batch;
    for (std::uint64_t i = tail_.size(); i < size; ++i) {
      const Bytes header{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
      batch.put(store::Column::headers, store::block_key(kFeed, BlockIndex{i}), header);
      tail_.append(header_leaf(header), kFeed, batch);
      whole_.append_leaf(header_leaf(header));
    }
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  void change(store::Column column, const Bytes& key, const std::optional<Bytes>& value) {
    store::WriteBatch batch;
    value ? batch.put(column, key, *value) : batch.erase(column, key);
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  [[nodiscard]] std::string load_error(std::uint64_t size) const {
    const auto loaded = TreeTail::load(store_, kFeed, size);
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, Code::corrupt);
    return loaded.error().message;
  }

  RecordingStore store_{"tree", std::make_shared<RecordingStore::Calls>()};
  TreeTail tail_;
  merkle::RightEdge whole_;
};

TEST_F(TreeTailTest, LoadsAsItGrew) {
  for (const std::uint64_t size : {0U, 1U, 2U, 255U, 256U, 257U, 511U, 512U, 700U}) {
    grow(size);
    EXPECT_EQ(tail_.edge(), whole_);
    const auto loaded = TreeTail::load(store_, kFeed, size);
    ASSERT_TRUE(loaded.ok()) << size << loaded.error().message;
    EXPECT_EQ(loaded->size(), size);
    EXPECT_EQ(loaded->edge(), whole_);
    for (std::uint32_t level = 0; level < 3; ++level) {
      for (std::uint64_t first = 0; first <= size; ++first) {
        const Digest* there = tail_.unfinished(level, first, 1);
        const Digest* again = loaded->unfinished(level, first, 1);
        ASSERT_EQ(there == nullptr, again == nullptr) << size << ' ' << level << ' ' << first;
        if (there != nullptr) {
          EXPECT_EQ(*there, *again);
        }
      }
    }
  }
}

TEST_F(TreeTailTest, ATileIsARowOnceItIsComplete) {
  const auto has_tile = [&](std::uint64_t index) {
    return store_.contains(store::Column::tree, store::tile_key(kFeed, 0, index)).value();
  };
  grow(255);
  EXPECT_FALSE(has_tile(0));
  EXPECT_NE(tail_.unfinished(0, 0, 1), nullptr);
  EXPECT_NE(tail_.unfinished(0, 254, 1), nullptr);
  EXPECT_EQ(tail_.unfinished(0, 254, 2), nullptr);
  EXPECT_EQ(tail_.unfinished(0, 255, 1), nullptr);
  grow(256);
  EXPECT_TRUE(has_tile(0));
  EXPECT_EQ(tail_.unfinished(0, 255, 1), nullptr);
  EXPECT_NE(tail_.unfinished(1, 0, 1), nullptr);
  EXPECT_EQ(tail_.unfinished(2, 0, 1), nullptr);
  EXPECT_EQ(read_tile(store_, kFeed, 0, 0)->size(), kTileWidth);
  grow(300);
  EXPECT_EQ(tail_.unfinished(0, 255, 1), nullptr);
  EXPECT_NE(tail_.unfinished(0, 256, 1), nullptr);
}

TEST_F(TreeTailTest, ReadsNodesOfEveryLevel) {
  grow(700);
  const auto leaf = [](std::uint64_t i) {
    return header_leaf(Bytes{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)});
  };
  const auto root = [&](std::uint64_t begin, std::uint64_t end) {
    merkle::RightEdge edge;
    for (std::uint64_t i = begin; i < end; ++i) edge.append_leaf(leaf(i));
    return edge.root();
  };
  const std::vector<merkle::NodeId> nodes{{0, 0}, {0, 699}, {3, 1}, {7, 0}, {7, 1}, {8, 0}, {8, 1}, {9, 0}, {2, 174}};
  const auto read = read_tree(store_, kFeed, tail_, nodes);
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ((*read)[i], root(nodes[i].first_leaf(), nodes[i].end_leaf())) << nodes[i].level << '/' << nodes[i].index;
  }
}

TEST_F(TreeTailTest, AMissingRowIsNamed) {
  grow(600);
  const Bytes header = store::block_key(kFeed, BlockIndex{590});
  const Bytes kept = store_.get(store::Column::headers, header).value().value();
  change(store::Column::headers, header, std::nullopt);
  EXPECT_EQ(load_error(600), "the header of block 590 is missing");
  change(store::Column::headers, header, kept);
  const Bytes last = store::block_key(kFeed, BlockIndex{599});
  const Bytes kept_last = store_.get(store::Column::headers, last).value().value();
  change(store::Column::headers, last, std::nullopt);
  EXPECT_EQ(load_error(600), "the header of block 599 is missing");
  change(store::Column::headers, last, kept_last);
  const Bytes node = store::node_key(kFeed, {8, 1});
  const Bytes kept_node = store_.get(store::Column::tree, node).value().value();
  change(store::Column::tree, node, std::nullopt);
  EXPECT_EQ(load_error(600), "the root of a tree tile is missing");
  change(store::Column::tree, node, Bytes(31, 1));
  EXPECT_EQ(load_error(600), "a tree node has the wrong size");
  change(store::Column::tree, node, kept_node);
  EXPECT_TRUE(TreeTail::load(store_, kFeed, 600).ok());
}

TEST_F(TreeTailTest, AMissingOrCutTileIsNamed) {
  grow(600);
  const auto says = [&] {
    const auto read = read_tile(store_, kFeed, 0, 1);
    EXPECT_EQ(read.error().code, Code::corrupt);
    EXPECT_EQ(read_tree(store_, kFeed, tail_, {{0, 300}}).error().code, Code::corrupt);
    return read.error().message;
  };
  const Bytes key = store::tile_key(kFeed, 0, 1);
  change(store::Column::tree, key, Bytes(kTileWidth * 32 - 1, 1));
  EXPECT_EQ(says(), "tree tile 0/1 has the wrong size");
  change(store::Column::tree, key, std::nullopt);
  EXPECT_EQ(says(), "tree tile 0/1 is missing");
}

TEST_F(TreeTailTest, ANodeWithoutARowIsNotKnown) {
  EXPECT_EQ(read_node(store_, kFeed, {8, 4}).value(), std::nullopt);
  store::WriteBatch batch;
  put_node(batch, kFeed, {8, 4}, header_leaf(Bytes{1}));
  ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  EXPECT_EQ(read_node(store_, kFeed, {8, 4}).value(), header_leaf(Bytes{1}));
}

}  // namespace
}  // namespace shoal::feed
