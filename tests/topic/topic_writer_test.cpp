#include "topic/topic_writer.h"

#include <gtest/gtest.h>

#include <chrono>

namespace shoal::topic {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNoLimit = ~std::size_t{0};

record::Record record_of(std::size_t value_size, std::size_t headers = 0) {
  record::Record record{UnixMs(1000), std::nullopt, Bytes(value_size, 'v'), {}};
  record.headers.resize(headers);
  return record;
}

TopicPartition stream(std::string topic, std::int32_t partition = 0) {
  return {std::move(topic), Partition(partition)};
}

TopicWriter make(TopicWriter::Options options) {
  return {options, [](const TopicPartition&) { return Offset(0); }};
}

TEST(TopicWriter, LingerCountsFromTheFirstRecord) {
  TopicWriter writer = make({.linger = 100ms});
  EXPECT_EQ(writer.next_due(), std::nullopt);
  ASSERT_TRUE(writer.add(stream("t"), record_of(10), 1000ms).ok());
  ASSERT_TRUE(writer.add(stream("t"), record_of(10), 1090ms).ok());
  EXPECT_EQ(writer.next_due(), base::MonoTime(1100ms));
  EXPECT_TRUE(writer.take(1099ms, kNoLimit).empty());
  const auto taken = writer.take(1100ms, kNoLimit);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].records.size(), 2U);
  EXPECT_EQ(writer.next_due(), std::nullopt);
}

TEST(TopicWriter, AFullBatchGoesAtOnce) {
  TopicWriter writer = make({.linger = 1h, .batch_bytes = 1000});
  EXPECT_TRUE(writer.add(stream("t"), record_of(500), 0ms)->due_changed);
  EXPECT_TRUE(writer.take(0ms, kNoLimit).empty());
  // It would be too large with this one: what was there goes, this one opens the next.
  EXPECT_TRUE(writer.add(stream("t"), record_of(600), 0ms)->due_changed);
  auto taken = writer.take(0ms, kNoLimit);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].records.size(), 1U);
  // A record larger than the batch size is a batch of its own, at once.
  EXPECT_TRUE(writer.add(stream("t"), record_of(5000), 0ms)->due_changed);
  taken = writer.take(0ms, kNoLimit);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[1].records[0].value->size(), 5000U);
}

TEST(TopicWriter, ALateTimerNeverFlushesANewerBatch) {
  TopicWriter writer = make({.linger = 100ms, .batch_bytes = 1000});
  ASSERT_TRUE(writer.add(stream("t"), record_of(500), 0ms).ok());
  ASSERT_TRUE(writer.add(stream("t"), record_of(600), 90ms).ok());  // seals the first, opens the second
  EXPECT_EQ(writer.take(90ms, kNoLimit).size(), 1U);
  // The timer of the first batch fires only now: the second is due at 190 ms.
  EXPECT_TRUE(writer.take(101ms, kNoLimit).empty());
  EXPECT_EQ(writer.next_due(), base::MonoTime(190ms));
  EXPECT_EQ(writer.take(190ms, kNoLimit).size(), 1U);
}

TEST(TopicWriter, BatchesThatAreNearlyDueGoInOneGroup) {
  TopicWriter writer = make({.linger = 100ms});
  ASSERT_TRUE(writer.add(stream("a"), record_of(1), 0ms).ok());
  ASSERT_TRUE(writer.add(stream("b"), record_of(1), 2ms).ok());
  ASSERT_TRUE(writer.add(stream("c"), record_of(1), 3ms).ok());
  const auto taken = writer.take(100ms, kNoLimit);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].stream.topic, "a");
  EXPECT_EQ(taken[1].stream.topic, "b");
  EXPECT_EQ(writer.next_due(), base::MonoTime(103ms));
}

TEST(TopicWriter, BatchesOfOneDueTimeGoInTheOrderTheyWereOpened) {
  TopicWriter writer = make({.linger = 100ms});
  for (const char* topic : {"b", "c", "a"}) ASSERT_TRUE(writer.add(stream(topic), record_of(1), 0ms).ok());
  const auto taken = writer.take(100ms, kNoLimit);
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].stream.topic, "b");
  EXPECT_EQ(taken[1].stream.topic, "c");
  EXPECT_EQ(taken[2].stream.topic, "a");
}

TEST(TopicWriter, FlushSealsEverythingThatIsOpen) {
  TopicWriter writer = make({.linger = 1h});
  ASSERT_TRUE(writer.add(stream("a"), record_of(1), 0ms).ok());
  ASSERT_TRUE(writer.add(stream("b"), record_of(1), 1ms).ok());
  writer.seal_all();
  EXPECT_LE(*writer.next_due(), base::MonoTime(1ms));
  EXPECT_EQ(writer.take(1ms, kNoLimit).size(), 2U);
  EXPECT_EQ(writer.next_due(), std::nullopt);
}

TEST(TopicWriter, ZeroLingerAndZeroBatchSizeSendEachRecordAtOnce) {
  TopicWriter writer = make({.linger = 0ms, .batch_bytes = 0});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.add(stream("t"), record_of(0), 5ms).ok());
  const auto taken = writer.take(5ms, kNoLimit);
  ASSERT_EQ(taken.size(), 3U);
  for (const SealedBatch& batch : taken) EXPECT_EQ(batch.records.size(), 1U);
}

TEST(TopicWriter, TakesAtMostWhatIsAskedForButOneAtLeast) {
  TopicWriter writer = make({.linger = 1h, .batch_bytes = 1000});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(writer.add(stream("t"), record_of(1200), 0ms).ok());
  EXPECT_EQ(writer.take(0ms, 1).size(), 1U);
  EXPECT_EQ(writer.take(0ms, 2600).size(), 2U);
  EXPECT_LE(*writer.next_due(), base::MonoTime(0));
  EXPECT_EQ(writer.take(0ms, 2600).size(), 1U);
}

TEST(TopicWriter, BoundsItsBuffer) {
  TopicWriter writer = make({.linger = 1h, .batch_bytes = 4096, .max_buffered = 10000});
  EXPECT_TRUE(writer.has_room(1 << 20));  // alone any legal record may come
  while (writer.has_room(1000)) ASSERT_TRUE(writer.add(stream("t"), record_of(980), 0ms).ok());
  EXPECT_LE(writer.buffered(), 10000U);
  EXPECT_GT(writer.buffered(), 9000U);
  writer.seal_all();
  const auto taken = writer.take(0ms, kNoLimit);
  EXPECT_FALSE(writer.has_room(1000)) << "taken bytes stay counted until they are released";
  for (const SealedBatch& batch : taken) writer.release(batch.bytes);
  EXPECT_EQ(writer.buffered(), 0U);
}

TEST(TopicWriter, GoesOnFromTheCommittedOffset) {
  int asked = 0;
  TopicWriter writer({.linger = 1h}, [&](const TopicPartition& of) {
    ++asked;
    return Offset(of.topic == "old" ? 812 : 0);
  });
  EXPECT_EQ(writer.add(stream("old"), record_of(1), 0ms)->offset, Offset(812));
  EXPECT_EQ(writer.add(stream("new"), record_of(1), 0ms)->offset, Offset(0));
  writer.seal_all();
  EXPECT_EQ(writer.add(stream("old"), record_of(1), 0ms)->offset, Offset(813));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(writer.take(0ms, kNoLimit)[0].first, Offset(812));
}

TEST(TopicWriter, RefusesWhatNoBlockHoldsAndUsesNoOffsetForIt) {
  TopicWriter writer = make({.linger = 1h});
  const auto large = writer.add(stream("t"), record_of(std::size_t{8} << 20), 0ms);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, Code::limit_exceeded);
  const auto headers = writer.add(stream("t"), record_of(0, record::kMaxBatchHeaders + 1), 0ms);
  ASSERT_FALSE(headers.ok());
  EXPECT_EQ(headers.error().code, Code::limit_exceeded);
  EXPECT_EQ(writer.buffered(), 0U);
  EXPECT_EQ(writer.next_due(), std::nullopt);
  EXPECT_EQ(writer.add(stream("t"), record_of(1), 0ms)->offset, Offset(0));
}

TEST(TopicWriter, TheLargestRecordsAreEncodable) {
  TopicWriter writer = make({.linger = 1h});
  record::Record widest = record_of(0);
  widest.value->resize(TopicWriter::kMaxBatchBytes - record::encoded_size(widest) - 6);  // two lengths grow by 3
  ASSERT_EQ(record::encoded_size(widest), TopicWriter::kMaxBatchBytes);
  ASSERT_TRUE(writer.add(stream("t"), widest, 0ms).ok());
  ASSERT_TRUE(writer.add(stream("t"), record_of(0, record::kMaxBatchHeaders), 0ms).ok());
  writer.seal_all();
  for (const SealedBatch& batch : writer.take(0ms, kNoLimit)) {
    EXPECT_TRUE(record::encode_batch(batch.records, record::Codec::none).ok());
  }
}

TEST(TopicWriter, SealsBeforeABatchHasTooManyHeaders) {
  TopicWriter writer = make({.linger = 1h, .batch_bytes = TopicWriter::kMaxBatchBytes});
  ASSERT_TRUE(writer.add(stream("t"), record_of(0, record::kMaxBatchHeaders - 1), 0ms).ok());
  EXPECT_FALSE(writer.add(stream("t"), record_of(0, 1), 0ms)->due_changed);
  EXPECT_FALSE(writer.add(stream("t"), record_of(0, 0), 0ms)->due_changed);
  EXPECT_TRUE(writer.add(stream("t"), record_of(0, 1), 0ms)->due_changed);
  writer.seal_all();
  const auto taken = writer.take(0ms, kNoLimit);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].records.size(), 3U);
  EXPECT_EQ(taken[1].first, Offset(3));
  for (const SealedBatch& batch : taken) EXPECT_TRUE(record::encode_batch(batch.records, record::Codec::none).ok());
}

TEST(TopicWriter, SealsABatchThatHasTheMostRecords) {
  TopicWriter writer = make({.linger = 1h, .batch_bytes = TopicWriter::kMaxBatchBytes});
  record::Record empty{UnixMs(0), std::nullopt, std::nullopt, {}};
  for (std::size_t i = 0; i <= record::kMaxBatchRecords; ++i) ASSERT_TRUE(writer.add(stream("t"), empty, 0ms).ok());
  const auto taken = writer.take(0ms, kNoLimit);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].records.size(), record::kMaxBatchRecords);
  EXPECT_TRUE(record::encode_batch(taken[0].records, record::Codec::none).ok());
}

TEST(TopicWriter, TellsWhichTopicsWereSealed) {
  TopicWriter writer = make({.linger = 10ms});
  std::vector<std::string> sealed;
  writer.on_sealed([&](const std::string& topic) { sealed.push_back(topic); });
  ASSERT_TRUE(writer.add(stream("a"), record_of(1), 0ms).ok());
  ASSERT_TRUE(writer.add(stream("b"), record_of(1), 9ms).ok());
  EXPECT_EQ(writer.take(10ms, kNoLimit).size(), 1U);
  EXPECT_EQ(sealed, (std::vector<std::string>{"a"}));
}

// With a look at each partition for each record this takes minutes.
TEST(TopicWriter, ManyPartitionsCostNoMoreThanFew) {
  TopicWriter writer = make({.linger = 100ms, .max_buffered = kNoLimit});
  constexpr int kPartitions = 65536;
  std::size_t taken = 0;
  for (int i = 0; i < kPartitions; ++i) {
    const base::MonoTime now = std::chrono::microseconds(10) * i;
    ASSERT_TRUE(writer.add(stream("t", i), record_of(1), now).ok());
    ASSERT_TRUE(writer.next_due().has_value());
    taken += writer.take(now, kNoLimit).size();
  }
  writer.seal_all();
  EXPECT_EQ(taken + writer.take(1h, kNoLimit).size(), static_cast<std::size_t>(kPartitions));
}

}  // namespace
}  // namespace shoal::topic
