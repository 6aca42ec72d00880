#include "store/write_buffer.h"

#include "store/keyspace.h"

#include <gtest/gtest.h>

namespace shoal::store {
namespace {

Bytes key(std::uint32_t feed, std::uint64_t block) { return block_key(FeedNumber{feed}, BlockIndex{block}); }

/// Payloads of 100 bytes and headers of 10 for each of the blocks.
void add(WriteBuffer& buffer, std::uint32_t feed, std::initializer_list<std::uint64_t> blocks) {
  WriteBatch batch;
  for (const std::uint64_t block : blocks) {
    batch.put(Column::payloads, key(feed, block), Bytes(100, 1));
    batch.put(Column::headers, key(feed, block), Bytes(10, 2));
  }
  buffer.add(batch);
}

constexpr FeedNumber kOne{1};
constexpr FeedNumber kTwo{2};

TEST(WriteBuffer, CountsWhatItHolds) {
  WriteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  add(buffer, 1, {1, 2});
  EXPECT_FALSE(buffer.empty());
  EXPECT_EQ(buffer.payload_bytes(), 200U);
  EXPECT_EQ(buffer.bytes(), 220U + 4 * 12U);
}

TEST(WriteBuffer, OlderRowsLieBelow) {
  WriteBuffer older;
  add(older, 1, {1, 2});
  WriteBuffer newer;
  WriteBatch erase;
  erase.erase(Column::headers, key(1, 1));
  newer.add(erase);
  newer.add_below(older);
  EXPECT_EQ(*newer.find(Column::headers, key(1, 1)), std::nullopt);
  EXPECT_TRUE(newer.find(Column::headers, key(1, 2))->has_value());
  EXPECT_EQ(newer.payload_bytes(), older.payload_bytes());
  EXPECT_EQ(newer.bytes(), older.bytes() + 12);
  WriteBatch of_feed;
  of_feed.put(Column::meta, head_key(FeedNumber{1}), Bytes{});
  WriteBatch of_other;
  of_other.put(Column::meta, head_key(FeedNumber{2}), Bytes{});
  EXPECT_TRUE(newer.shares_feed(of_feed));
  EXPECT_FALSE(newer.shares_feed(of_other));
}

TEST(WriteBuffer, AsABatchItSaysPutsAndErasures) {
  WriteBuffer buffer;
  add(buffer, 1, {1});
  WriteBatch erase;
  erase.erase(Column::headers, key(1, 1));
  buffer.add(erase);
  const WriteBatch batch = buffer.as_batch();
  ASSERT_EQ(batch.operations().size(), 2U);
  EXPECT_EQ(batch.operations()[0].kind, WriteBatch::Kind::erase);
  EXPECT_EQ(batch.operations()[1].kind, WriteBatch::Kind::put);
  EXPECT_EQ(batch.operations()[1].column, Column::payloads);
}

TEST(WriteBuffer, ShortRunsAreTakenOutAndLongOnesStay) {
  WriteBuffer buffer;
  add(buffer, 1, {1, 2, 3, 4, 8, 9, 20, 21, 22});
  add(buffer, 2, {23});  // follows in number, not in feed
  const WriteBuffer taken = buffer.take_short_runs(300, 10'000);
  EXPECT_EQ(taken.payload_runs(), (PayloadRuns{{kOne, {{8, 10}}}, {kTwo, {{23, 24}}}}));
  EXPECT_EQ(buffer.payload_runs(), (PayloadRuns{{kOne, {{1, 5}, {20, 23}}}}));
  EXPECT_EQ(taken.rows(Column::headers).size(), 0U);
  EXPECT_EQ(buffer.rows(Column::headers).size(), 10U) << "all other rows are written";
  EXPECT_EQ(buffer.payload_bytes(), 700U);
  EXPECT_EQ(taken.payload_bytes(), 300U);
  EXPECT_EQ(buffer.bytes(), 7 * 112U + 10 * 22U);
  EXPECT_EQ(taken.bytes(), 3 * 112U);
}

TEST(WriteBuffer, MoreShortRunsThanMayWaitAreAllWritten) {
  WriteBuffer buffer;
  add(buffer, 1, {1, 3, 5, 7});
  EXPECT_TRUE(buffer.take_short_runs(300, 399).empty());
  EXPECT_EQ(buffer.rows(Column::payloads).size(), 4U);
  EXPECT_EQ(buffer.take_short_runs(300, 400).payload_runs(), (PayloadRuns{{kOne, {{1, 2}, {3, 4}, {5, 6}, {7, 8}}}}));
}

TEST(WriteBuffer, ErasuresAndOtherKeysDoNotWait) {
  WriteBuffer buffer;
  WriteBatch batch;
  batch.erase(Column::payloads, key(1, 1));
  batch.put(Column::payloads, Bytes{1, 2}, Bytes(10, 1));
  buffer.add(batch);
  EXPECT_TRUE(buffer.take_short_runs(300, 10'000).empty());
  EXPECT_EQ(buffer.rows(Column::payloads).size(), 2U);
}

TEST(WriteBuffer, RangesAreForTheStore) {
  WriteBatch batch;
  batch.erase(Column::headers, key(1, 1));
  EXPECT_FALSE(erases_ranges(batch));
  batch.erase_range(Column::headers, key(1, 1), key(1, 2));
  EXPECT_TRUE(erases_ranges(batch));
}

}  // namespace
}  // namespace shoal::store
