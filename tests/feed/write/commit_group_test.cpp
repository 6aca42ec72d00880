#include "feed/write/commit_group.h"

#include "feed/feed_world.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::stream;

TEST(CommitGroup, DecodesOnlyWhatItEncodes) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  std::vector<PendingBatch> batches;
  batches.push_back(batch_of(stream("t"), {1, 2}));
  batches.push_back(batch_of(stream("u"), {3}));
  const CommitResult done = producer.writer->commit(std::move(batches)).value();
  std::vector<GroupBlockView> views;
  for (const CommittedBlock& block : done.blocks) views.push_back({block.header, block.payload});
  const Bytes bytes = encode_group(0, done.head, views);
  EXPECT_EQ(bytes.size(), group_size(views));
  const CommitGroup group = decode_group(bytes).value();
  EXPECT_EQ(group.first, 0U);
  EXPECT_EQ(group.head, done.head);
  ASSERT_EQ(group.blocks.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(group.blocks[i].header, done.blocks[i].header);
    EXPECT_EQ(group.blocks[i].payload, done.blocks[i].payload);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_group(ByteView(bytes).first(size)).ok()) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(decode_group(longer).error().code, Code::corrupt);
}

/// A group of blocks without any byte, after `first` others.
Bytes empty_blocks(std::uint64_t first, std::size_t count) {
  Checkpoint head;
  head.tree_size = first + count;
  return encode_group(first, head, std::vector<GroupBlockView>(count));
}

TEST(CommitGroup, BlocksMayBeEmpty) {
  const CommitGroup group = decode_group(empty_blocks(7, 3)).value();
  EXPECT_EQ(group.first, 7U);
  EXPECT_EQ(group.blocks.size(), 3U);
}

TEST(CommitGroup, AnotherVersionIsRefused) {
  Bytes bytes = empty_blocks(7, 3);
  bytes[0] = 2;
  EXPECT_EQ(decode_group(bytes).error().code, Code::corrupt);
}

TEST(CommitGroup, AHeadThatCannotBeReadIsRefused) {
  Bytes bytes = empty_blocks(7, 3);
  bytes[9] ^= 0xff;  // the head's version
  EXPECT_EQ(decode_group(bytes).error().code, Code::corrupt);
}

TEST(CommitGroup, TheHeadIsAtTheEndOfTheBlocks) {
  Checkpoint head;
  for (const std::uint64_t size : {9U, 11U}) {
    head.tree_size = size;
    EXPECT_EQ(decode_group(encode_group(7, head, std::vector<GroupBlockView>(3))).error().code, Code::corrupt);
  }
}

TEST(CommitGroup, NoMoreBlocksThanBytesAreAllocated) {
  Bytes bytes = empty_blocks(7, 3);
  for (std::size_t i = 0; i < 4; ++i) bytes[1 + 8 + kCheckpointSize + i] = 0xff;
  EXPECT_EQ(decode_group(bytes).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::feed
