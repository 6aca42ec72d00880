#include "topic/slice.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::topic {
namespace {

/// Block 7 of t/1: records at offsets 100 to 103, at times 10, 30, 20, 40.
SelectedBatch batch() {
  std::vector<record::Record> records;
  for (const int time : {10, 30, 20, 40}) records.push_back({UnixMs(time), std::nullopt, Bytes{1}, {}});
  SelectedBatch selected;
  selected.block = BlockIndex(7);
  selected.stream = {"t", Partition(1)};
  selected.append_time = UnixMs(99);
  selected.batch = record::encode_batch(records, record::Codec::none).value();
  record::patch_batch(selected.batch, Offset(100), 0);
  selected.cursor.common = Mark{BlockIndex(8), 0};
  return selected;
}

using Positions = std::vector<std::uint32_t>;

TEST(Slice, SelectsByOffsetAndTime) {
  EXPECT_EQ(Slice::open(batch())->records, (Positions{0, 1, 2, 3}));
  SelectedBatch selected = batch();
  selected.first = Offset(101);
  EXPECT_EQ(Slice::open(selected)->records, (Positions{1, 2, 3}));
  selected.from = UnixMs(30);
  EXPECT_EQ(Slice::open(selected)->records, (Positions{1, 3}));
  selected.before = UnixMs(40);
  EXPECT_EQ(Slice::open(selected)->records, (Positions{1}));
  selected.first = Offset(104);
  EXPECT_TRUE(Slice::open(selected)->records.empty());
}

TEST(Slice, KeepsWhatTheBatchLacks) {
  const Slice slice = Slice::open(batch()).value();
  EXPECT_EQ(slice.block, BlockIndex(7));
  EXPECT_EQ(slice.stream, (TopicPartition{"t", Partition(1)}));
  EXPECT_EQ(slice.append_time, UnixMs(99));
  EXPECT_EQ(slice.batch->records()[3].offset, Offset(103));
}

TEST(Slice, TheCursorInsideABlockNamesTheNextRecord) {
  SelectedBatch selected = batch();
  Slice slice = Slice::open(selected).value();
  EXPECT_EQ(encode_cursor(slice.cursor_after(1)), "1:0:7:2");
  EXPECT_EQ(encode_cursor(slice.cursor_after(3)), "1:0:8:0");
  selected.ordered = false;
  selected.cursor = Cursor{};
  selected.cursor.ahead[selected.stream] = Mark{BlockIndex(8), 0};
  slice = Slice::open(selected).value();
  EXPECT_EQ(encode_cursor(slice.cursor_after(0)), "1:0:0:0,t/1=7:1");
  EXPECT_EQ(encode_cursor(slice.cursor_after(3)), "1:0:0:0,t/1=8:0");
}

TEST(Slice, RefusesADamagedBatch) {
  SelectedBatch selected = batch();
  selected.batch.back() ^= 1;
  EXPECT_EQ(Slice::open(selected).error().code, Code::unverified);
}

}  // namespace
}  // namespace shoal::topic
