#include "record/record_batch.h"

#include "batch_samples.h"
#include "record/records_section.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace shoal::record {
namespace {

rc::Gen<std::optional<Bytes>> any_nullable() {
  return rc::gen::exec([]() -> std::optional<Bytes> {
    if (*rc::gen::inRange(0, 3) == 0) return std::nullopt;
    return *rc::gen::arbitrary<Bytes>();
  });
}

rc::Gen<Record> any_record() {
  return rc::gen::exec([] {
    Record record;
    const bool is_extreme = *rc::gen::inRange(0, 20) == 0;
    record.timestamp = UnixMs(is_extreme ? *rc::gen::element<std::int64_t>(INT64_MIN, INT64_MAX, -1, 0)
                                         : *rc::gen::inRange<std::int64_t>(-1000, 2'000'000'000'000));
    record.key = *any_nullable();
    record.value = *any_nullable();
    for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
      record.headers.push_back({*rc::gen::arbitrary<std::string>(), *any_nullable()});
    }
    return record;
  });
}

BatchInfo info_of(const std::vector<Record>& records) {
  BatchInfo info;
  info.record_count = static_cast<std::uint32_t>(records.size());
  info.last_offset_delta = info.record_count - 1;
  info.base_timestamp = records.front().timestamp;
  const auto later = [](const Record& a, const Record& b) { return a.timestamp < b.timestamp; };
  info.max_timestamp = std::max_element(records.begin(), records.end(), later)->timestamp;
  return info;
}

void expect_same(const BatchInfo& a, const BatchInfo& b) {
  EXPECT_EQ(a.base_offset, b.base_offset);
  EXPECT_EQ(a.leader_epoch, b.leader_epoch);
  EXPECT_EQ(a.record_count, b.record_count);
  EXPECT_EQ(a.last_offset_delta, b.last_offset_delta);
  EXPECT_EQ(a.base_timestamp, b.base_timestamp);
  EXPECT_EQ(a.max_timestamp, b.max_timestamp);
}

class RecordBatch : public testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Codecs, RecordBatch, testing::ValuesIn(kAllCodecs),
                         [](const auto& test) { return std::string(codec_name(test.param)); });

TEST_P(RecordBatch, GivesBackAnyRecords) {
  EXPECT_TRUE(rc::check([] {
    const auto records = *rc::gen::nonEmpty(rc::gen::container<std::vector<Record>>(any_record()));
    const Bytes batch = encode_batch(records, GetParam()).value();
    const auto range = validate_batch(batch);
    RC_ASSERT(range.ok());
    const auto decoded = DecodedBatch::decode(batch);
    RC_ASSERT(decoded.ok());
    RC_ASSERT(copies(*decoded) == records);
    expect_same(decoded->info(), info_of(records));
    RC_ASSERT(range->largest == info_of(records).max_timestamp);
  }));
}

TEST_P(RecordBatch, KeepsNullAndEmptyApart) {
  std::vector<Record> records(4);
  records[0] = {UnixMs(10), std::nullopt, Bytes{}, {}};
  records[1] = {UnixMs(-5), Bytes{}, std::nullopt, {{"a", std::nullopt}, {"a", Bytes{}}, {"", Bytes{1}}}};
  records[2] = {UnixMs(99), Bytes{0}, Bytes(500, 'x'), {}};
  records[3] = {UnixMs(11), std::nullopt, std::nullopt, {}};
  const auto decoded = DecodedBatch::decode(encode_batch(records, GetParam()).value());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(copies(*decoded), records);
  EXPECT_EQ(decoded->info().codec, GetParam());
  const auto range = validate_batch(encode_batch(records, GetParam()).value()).value();
  EXPECT_EQ(range.smallest, UnixMs(-5));
  EXPECT_EQ(range.largest, UnixMs(99));
}

TEST_P(RecordBatch, RejectsEveryFlippedBitButThoseThatThePatchWrites) {
  const auto records = mixed_records(60);
  const Bytes whole = encode_batch(records, GetParam()).value();
  ASSERT_EQ(inspect_batch(whole)->codec, GetParam());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    const std::size_t at = bit / 8;
    Bytes flipped = whole;
    flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ 0x80 >> bit % 8);
    const auto seen = inspect_batch(flipped);
    const bool is_patched = at < 8 || (at >= 12 && at < 16);
    const bool is_sign_of_offset = bit == 0;
    ASSERT_EQ(seen.ok(), is_patched && !is_sign_of_offset) << "bit " << bit;
    if (!seen.ok()) {
      ASSERT_EQ(seen.error().code, Code::unverified);
    }
  }
}

TEST_P(RecordBatch, RejectsEveryTruncationAndExtension) {
  const Bytes whole = encode_batch(mixed_records(20), GetParam()).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(inspect_batch(ByteView(whole).first(size)).ok()) << size;
    ASSERT_FALSE(DecodedBatch::decode(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).ok());
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(inspect_batch(longer).ok());
}

TEST_P(RecordBatch, PatchSetsOffsetsAndEpochOutsideTheCrc) {
  const auto records = mixed_records(20);
  const Bytes before = encode_batch(records, GetParam()).value();
  Bytes after = before;
  patch_batch(after, Offset(0x0102030405060708), 0xA1B2C3D4);
  EXPECT_EQ(base::to_hex(ByteView(after).first(8)), "0102030405060708");
  EXPECT_EQ(base::to_hex(ByteView(after).subspan(12, 4)), "a1b2c3d4");
  EXPECT_TRUE(std::equal(after.begin() + 16, after.end(), before.begin() + 16));
  const auto decoded = DecodedBatch::decode(after);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->info().base_offset, Offset(0x0102030405060708));
  EXPECT_EQ(decoded->info().leader_epoch, 0xA1B2C3D4u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(decoded->records()[i].offset, Offset(0x0102030405060708) + static_cast<std::int64_t>(i));
    EXPECT_EQ(decoded->records()[i].copy(), records[i]);
  }
}

TEST_P(RecordBatch, ViewsOutliveAMoveOfTheBatch) {
  const auto records = mixed_records(50);
  auto first = DecodedBatch::decode(encode_batch(records, GetParam()).value());
  ASSERT_TRUE(first.ok());
  const DecodedBatch moved = std::move(first).value();
  EXPECT_EQ(copies(moved), records);
}

TEST(EncodeBatch, FallsBackToNoneWhenCompressingDoesNotPay) {
  std::vector<Record> records(1);
  records[0].value = random_bytes(300, 9);
  for (Codec codec : kCompressing) {
    const Bytes batch = encode_batch(records, codec).value();
    EXPECT_EQ(inspect_batch(batch)->codec, Codec::none);
    EXPECT_EQ(batch, encode_batch(records, Codec::none).value());
  }
}

TEST(EncodeBatch, RefusesWhatIsOutsideTheLimits) {
  EXPECT_EQ(encode_batch({}, Codec::none).error().code, Code::invalid_argument);
  std::vector<Record> records(1);
  records[0].value = random_bytes(kMaxBatchSize, 1);  // does not fit with its header
  EXPECT_EQ(encode_batch(records, Codec::none).error().code, Code::limit_exceeded);
  EXPECT_EQ(encode_batch(records, Codec::zstd).error().code, Code::limit_exceeded);
  records[0].value = Bytes(kMaxRecordsSize - 12);  // length, attributes, deltas, key, value length, headers: 13
  EXPECT_EQ(encode_batch(records, Codec::zstd).error().code, Code::limit_exceeded);
  records[0].value->resize(kMaxRecordsSize - 15);
  const auto largest = encode_batch(records, Codec::zstd);
  ASSERT_TRUE(largest.ok());
  EXPECT_TRUE(validate_batch(*largest).ok());
  EXPECT_EQ(encode_batch(std::vector<Record>(kMaxBatchRecords + 1), Codec::none).error().code, Code::limit_exceeded);
  std::vector<Record> one(1);
  one[0].headers.resize(kMaxBatchHeaders + 1);
  EXPECT_EQ(encode_batch(one, Codec::none).error().code, Code::limit_exceeded);
}

TEST(EncodeBatch, TakesTheMostRecordsAndHeaders) {
  std::vector<Record> records(kMaxBatchRecords);
  for (Record& record : records) record.headers.resize(1);
  const auto decoded = DecodedBatch::decode(encode_batch(records, Codec::none).value());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->records().back().offset, Offset(kMaxBatchRecords - 1));
}

TEST(EncodedSize, IsAnUpperBoundGoodTo15Bytes) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Record> records{*any_record(), *any_record()};
    const std::size_t both = records_size(records);
    const std::size_t one = records_size({records[0]});
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t size = i == 0 ? one : both - one;
      RC_ASSERT(encoded_size(records[i]) >= size);
      RC_ASSERT(encoded_size(records[i]) <= size + 15);
    }
  }));
}

struct HeaderLie {
  const char* name;
  std::size_t at;
  const char* hex;
  const char* message;
};

class LyingHeader : public testing::TestWithParam<HeaderLie> {};

TEST_P(LyingHeader, IsRejectedThoughTheCrcIsTrue) {
  Bytes batch = encode_batch(mixed_records(3), Codec::none).value();
  const Bytes change = *base::from_hex(GetParam().hex);
  std::copy(change.begin(), change.end(), batch.begin() + static_cast<std::ptrdiff_t>(GetParam().at));
  put_u32(batch, 17, crc32c(ByteView(batch).subspan(21)));
  const auto seen = inspect_batch(batch);
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().code, Code::unverified);
  EXPECT_NE(seen.error().message.find(GetParam().message), std::string::npos) << seen.error().message;
  EXPECT_EQ(DecodedBatch::decode(batch).error().message, seen.error().message);
  EXPECT_EQ(validate_batch(batch).error().message, seen.error().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, LyingHeader,
    testing::Values(HeaderLie{"NegativeOffset", 0, "ffffffffffffffff", "offsets"},
                    HeaderLie{"OffsetOverflow", 0, "7ffffffffffffffe", "offsets"},
                    HeaderLie{"Length", 8, "00000000", "length"}, HeaderLie{"LengthMax", 8, "ffffffff", "length"},
                    HeaderLie{"Magic0", 16, "00", "magic 0"}, HeaderLie{"Magic3", 16, "03", "magic 3"},
                    HeaderLie{"Codec5", 21, "0005", "codec"}, HeaderLie{"Codec7", 21, "0007", "codec"},
                    HeaderLie{"LogAppendTime", 21, "0008", "log append time"},
                    HeaderLie{"Transaction", 21, "0010", "transaction"}, HeaderLie{"Control", 21, "0020", "control"},
                    HeaderLie{"DeleteHorizon", 21, "0040", "attributes"}, HeaderLie{"Bit15", 21, "8000", "attributes"},
                    HeaderLie{"LastDeltaMore", 23, "00000003", "last offset delta"},
                    HeaderLie{"LastDeltaNegative", 23, "ffffffff", "last offset delta"},
                    HeaderLie{"CountZero", 57, "00000000", "no records"},
                    HeaderLie{"CountNegative", 57, "ffffffff", "more than"},
                    HeaderLie{"CountMore", 57, "00000004", "last offset delta"}),
    [](const auto& test) { return test.param.name; });

TEST(InspectBatch, RefusesACountThatTheSizeCannotHold) {
  Bytes batch = encode_batch(mixed_records(3), Codec::none).value();
  put_u32(batch, 23, 9999);
  put_u32(batch, 57, 10'000);
  reseal(batch);
  EXPECT_NE(inspect_batch(batch).error().message.find("too small"), std::string::npos);
}

TEST(InspectBatch, RefusesABatchAboveTheLimit) {
  Bytes batch = encode_batch(mixed_records(3), Codec::none).value();
  batch.resize(kMaxBatchSize + 1);
  reseal(batch);
  EXPECT_EQ(inspect_batch(batch).error().code, Code::unverified);
}

// An idempotent producer's id and sequence are its own business.
TEST(InspectBatch, AcceptsAProducerId) {
  Bytes batch = encode_batch(mixed_records(3), Codec::none).value();
  const Bytes ids = *base::from_hex(
      "00000000000003e8"
      "0001"
      "00000007");
  std::copy(ids.begin(), ids.end(), batch.begin() + 43);
  reseal(batch);
  EXPECT_TRUE(validate_batch(batch).ok());
}

}  // namespace
}  // namespace shoal::record
