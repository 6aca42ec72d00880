#include "topic/encoded_batch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace shoal::topic {
namespace {

std::vector<record::Record> records_at(const std::vector<std::int64_t>& times) {
  std::vector<record::Record> records;
  for (const std::int64_t time : times) records.push_back({UnixMs(time), std::nullopt, Bytes(10, 'v'), {}});
  return records;
}

Bytes batch_at(const std::vector<std::int64_t>& times) {
  return record::encode_batch(records_at(times), record::Codec::zstd).value();
}

TEST(EncodedBatch, SaysWhatTheBlockHeaderNeeds) {
  const auto made = EncodedBatch::encode(records_at({30, 10, 20}), record::Codec::zstd).value();
  EXPECT_EQ(made.batch, batch_at({30, 10, 20}));
  EXPECT_EQ(made.record_count, 3U);
  EXPECT_EQ(made.smallest_time, UnixMs(10));
  EXPECT_EQ(made.largest_time, UnixMs(30));
  EXPECT_FALSE(EncodedBatch::encode({}, record::Codec::none).ok());
}

TEST(EncodedBatch, ChecksWhatSomebodyElseEncoded) {
  const auto made = EncodedBatch::check(batch_at({30, 10, 20})).value();
  EXPECT_EQ(made.batch, batch_at({30, 10, 20}));
  EXPECT_EQ(made.record_count, 3U);
  EXPECT_EQ(made.smallest_time, UnixMs(10));
  EXPECT_EQ(made.largest_time, UnixMs(30));
}

TEST(EncodedBatch, RefusesAnyChangedByteAndAnyCut) {
  const Bytes good = batch_at({30, 10, 20});
  for (std::size_t at = 8; at < good.size(); ++at) {
    // Base offset and leader epoch are outside the checksum; both are patched.
    if (at >= 12 && at < 16) continue;
    Bytes bad = good;
    bad[at] ^= 0x10;
    const auto checked = EncodedBatch::check(bad);
    ASSERT_FALSE(checked.ok()) << at;
    EXPECT_EQ(checked.error().code, Code::invalid_argument) << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(EncodedBatch::check(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))).ok());
  }
  Bytes two = good;
  two.insert(two.end(), good.begin(), good.end());
  EXPECT_EQ(EncodedBatch::check(two).error().code, Code::invalid_argument);
}

TEST(EncodedBatch, RefusesWhatNoBlockMayHold) {
  EXPECT_TRUE(EncodedBatch::check(batch_at({-1, 5})).ok());
  EXPECT_EQ(EncodedBatch::check(batch_at({-2, 5})).error().code, Code::invalid_argument);
  EXPECT_EQ(EncodedBatch::check(Bytes(record::kMaxBatchSize + 1)).error().code, Code::limit_exceeded);
}

}  // namespace
}  // namespace shoal::topic
