#include "topic/record_buffer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace shoal::topic {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNoLimit = ~std::size_t{0};

record::Record record_of(std::size_t size, std::optional<Bytes> key = {}) {
  return {UnixMs(1000), std::move(key), Bytes(size, 'v'), {}};
}

EncodedBatch batch_of(std::size_t records) {
  return EncodedBatch::encode(std::vector<record::Record>(records, record_of(10)), record::Codec::none).value();
}

class RecordBufferTest : public testing::Test {
 protected:
  RecordBuffer make(const std::vector<RecordBuffer::End>& ends = {}, std::size_t batch_bytes = 1000) {
    return {{.linger = 100ms, .batch_bytes = batch_bytes, .max_buffered = 5000}, random_, ends};
  }
  static std::vector<RecordBuffer::End> three() {
    std::vector<RecordBuffer::End> ends;
    for (int i = 0; i < 3; ++i) ends.push_back({{"t", Partition(i)}, Offset(10 * i)});
    return ends;
  }

  base::SeededRandom random_{1};
};

TEST_F(RecordBufferTest, GoesOnAtTheEndOfEachPartition) {
  RecordBuffer buffer = make(three());
  for (int i = 0; i < 3; ++i) {
    const auto placed = buffer.add("t", Partition(i), record_of(10), 0ms).value();
    EXPECT_EQ(placed.stream, (TopicPartition{"t", Partition(i)}));
    EXPECT_EQ(placed.offset, Offset(10 * i));
    EXPECT_TRUE(placed.due_changed);
    const auto next = buffer.add("t", Partition(i), record_of(10), 0ms).value();
    EXPECT_EQ(next.offset, Offset(10 * i + 1));
    EXPECT_FALSE(next.due_changed);
  }
  EXPECT_EQ(buffer.add("new", {}, record_of(10), 0ms)->offset, Offset(0));
  EXPECT_EQ(buffer.next_due(), base::MonoTime(100ms));
}

TEST_F(RecordBufferTest, TimesAheadOfTheClockEndAtTheLimit) {
  RecordBuffer buffer({.max_time_ahead = 1h}, random_, {});
  constexpr std::int64_t kNow = 1'700'000'000'000;
  constexpr std::int64_t kHour = 3'600'000;
  for (const std::int64_t fine : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, kNow, kNow + 1, kNow + kHour}) {
    EXPECT_TRUE(buffer.check_time(UnixMs(fine), UnixMs(kNow)).ok()) << fine;
  }
  for (const std::int64_t ahead : {kNow + kHour + 1, kNow * 1000, INT64_MAX}) {
    const auto refused = buffer.check_time(UnixMs(ahead), UnixMs(kNow));
    ASSERT_FALSE(refused.ok()) << ahead;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
  }
  // A clock before 1970 counts as well.
  EXPECT_FALSE(buffer.check_time(UnixMs(INT64_MAX), UnixMs(-5)).ok());
  EXPECT_TRUE(RecordBuffer({.max_time_ahead = std::chrono::milliseconds::max()}, random_, {})
                  .check_time(UnixMs(INT64_MAX), UnixMs(kNow))
                  .ok());
  EXPECT_FALSE(RecordBuffer({.max_time_ahead = -1ms}, random_, {}).check_time(UnixMs(kNow + 1), UnixMs(kNow)).ok());
}

TEST_F(RecordBufferTest, KeysDecideAndRecordsWithoutOneMoveOnWhenABatchIsSealed) {
  RecordBuffer buffer = make(three(), 100);
  // murmur2("key") of Kafka's own partitioner, over three partitions.
  const auto keyed =
      Partition(static_cast<std::int32_t>(static_cast<std::uint32_t>(murmur2(Bytes{'k', 'e', 'y'}) & 0x7fffffff) % 3));
  EXPECT_EQ(buffer.add("t", {}, record_of(10, Bytes{'k', 'e', 'y'}), 0ms)->stream.partition, keyed);
  std::set<Partition> seen;
  for (int i = 0; i < 100; ++i) seen.insert(buffer.add("t", {}, record_of(90), 0ms)->stream.partition);
  EXPECT_EQ(seen.size(), 3U);
}

TEST_F(RecordBufferTest, ABatchGetsTheNextOffsetsBehindWhatIsOpen) {
  RecordBuffer buffer = make(three());
  ASSERT_TRUE(buffer.add("t", Partition(1), record_of(10), 0ms).ok());
  const auto placed = buffer.add_batch({"t", Partition(1)}, batch_of(4)).value();
  EXPECT_EQ(placed.offset, Offset(11));
  EXPECT_TRUE(placed.due_changed);
  EXPECT_EQ(buffer.add("t", Partition(1), record_of(10), 0ms)->offset, Offset(15));
  // Both are due now, in their order; the record behind them is not.
  const auto taken = buffer.take(0ms, kNoLimit);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].first, Offset(10));
  EXPECT_FALSE(taken[0].encoded);
  EXPECT_EQ(taken[1].first, Offset(11));
  ASSERT_TRUE(taken[1].encoded);
  EXPECT_EQ(taken[1].encoded->record_count, 4U);
  EXPECT_EQ(taken[1].bytes, taken[1].encoded->batch.size());
  for (const SealedBatch& batch : taken) buffer.release(batch.bytes);
  buffer.seal_all();
  buffer.release(buffer.take(0ms, kNoLimit).at(0).bytes);
  EXPECT_EQ(buffer.buffered(), 0U);
}

TEST_F(RecordBufferTest, WhatIsRefusedUsesNoOffset) {
  RecordBuffer buffer = make(three());
  const auto code = [](const auto& placed) { return placed.ok() ? Code::io : placed.error().code; };
  EXPECT_EQ(code(buffer.add("t", Partition(3), record_of(1), 0ms)), Code::invalid_argument);
  EXPECT_EQ(code(buffer.add("t", Partition(0), record_of(9 << 20), 0ms)), Code::limit_exceeded);
  EXPECT_EQ(code(buffer.add("no such name", {}, record_of(1), 0ms)), Code::invalid_argument);
  EXPECT_EQ(code(buffer.add_batch({"t", Partition(3)}, batch_of(1))), Code::invalid_argument);
  EXPECT_EQ(code(buffer.add_batch({"", Partition(0)}, batch_of(1))), Code::invalid_argument);
  EXPECT_EQ(buffer.add("t", Partition(0), record_of(1), 0ms)->offset, Offset(0));
}

TEST_F(RecordBufferTest, ATopicOfAManifestHasItsPartitionsAtOnce) {
  RecordBuffer buffer = make();
  buffer.note_topic("t", 2);
  EXPECT_TRUE(buffer.add("t", Partition(1), record_of(1), 0ms).ok());
  buffer.note_topic("t", 9);
  EXPECT_FALSE(buffer.add("t", Partition(2), record_of(1), 0ms).ok());
}

TEST_F(RecordBufferTest, IsFullAtItsBound) {
  RecordBuffer buffer = make();
  EXPECT_TRUE(buffer.has_room(1 << 20));
  const std::size_t size = TopicWriter::size_of(record_of(100)).value();
  ASSERT_TRUE(buffer.add("t", {}, record_of(100), 0ms).ok());
  EXPECT_EQ(buffer.buffered(), size);
  EXPECT_TRUE(buffer.has_room(5000 - size));
  EXPECT_FALSE(buffer.has_room(5000 - size + 1));
}

TEST(RecordBuffer, ARecordWithoutATimeGetsTheOneOfNow) {
  ProducerRecord from{.topic = "t", .key = Bytes{1}, .value = Bytes{2}, .headers = {{"h", Bytes{3}}, {"n", {}}}};
  record::Record made = RecordBuffer::to_record(from, UnixMs(77));
  EXPECT_EQ(made.timestamp, UnixMs(77));
  EXPECT_EQ(made.key, from.key);
  EXPECT_EQ(made.value, from.value);
  ASSERT_EQ(made.headers.size(), 2U);
  EXPECT_EQ(made.headers[0].name, "h");
  EXPECT_EQ(made.headers[0].value, Bytes{3});
  EXPECT_EQ(made.headers[1].value, std::nullopt);
  from.time = UnixMs(5);
  EXPECT_EQ(RecordBuffer::to_record(from, UnixMs(77)).timestamp, UnixMs(5));
}

}  // namespace
}  // namespace shoal::topic
