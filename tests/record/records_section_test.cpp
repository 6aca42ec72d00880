// Batches whose header and CRC are true but whose records lie.

#include "record/records_section.h"

#include "batch_samples.h"

#include <gtest/gtest.h>

namespace shoal::record {
namespace {

// validate_batch and decode must agree on every input.
std::optional<Error> rejected(const Bytes& batch) {
  const auto checked = validate_batch(batch);
  const auto decoded = DecodedBatch::decode(batch);
  EXPECT_EQ(checked.ok(), decoded.ok());
  if (checked.ok()) return std::nullopt;
  EXPECT_EQ(checked.error().message, decoded.ok() ? "" : decoded.error().message);
  return checked.error();
}

struct Lie {
  const char* name;
  const char* section_hex;
  std::uint32_t count;
  const char* message;  // part of it
};

class LyingSection : public testing::TestWithParam<Lie> {};

TEST_P(LyingSection, IsRejected) {
  const Lie& lie = GetParam();
  const auto error = rejected(batch_around(*base::from_hex(lie.section_hex), lie.count));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::unverified);
  EXPECT_NE(error->message.find(lie.message), std::string::npos) << error->message;
}

// A true one: 0c length 6 | 00 attributes | 00 time | 00 offset | 01 null key | 01 null value | 00 headers.
INSTANTIATE_TEST_SUITE_P(
    All, LyingSection,
    testing::Values(Lie{"LengthCutShort", "80808080808080", 1, "bad length"},
                    Lie{"LengthNegative", "0b000000010100", 1, "bad length"},
                    Lie{"LengthOfSixBytes", "8c808080808000000000010100", 1, "bad length"},
                    Lie{"LengthBeyondTheBatch", "0e000000010100", 1, "longer than the batch"},
                    Lie{"LengthMax", "feffffff0f000000010100", 1, "longer than the batch"},
                    Lie{"LengthTooSmall", "0a000000010100", 1, "longer than the record"},
                    Lie{"LengthTooLarge", "0e00000001010000", 1, "bytes follow its last field"},
                    Lie{"LengthZero", "00000000010100", 1, "longer than the record"},
                    Lie{"Attributes", "0c010000010100", 1, "attributes"},
                    Lie{"OffsetDeltaOne", "0c000002010100", 1, "offset delta"},
                    Lie{"OffsetDeltaNegative", "0c000001010100", 1, "offset delta"},
                    Lie{"OffsetDeltaRepeated", "0c0000000101000c000000010100", 2, "record 1: offset delta"},
                    Lie{"KeyLengthMinusTwo", "0c000000030100", 1, "longer than the record"},
                    Lie{"KeyLongerThanTheRecord", "0c000000040100", 1, "longer than the record"},
                    Lie{"ValueLongerThanTheRecord", "0c000000010400", 1, "longer than the record"},
                    Lie{"ValueLengthMin",
                        "14000000"
                        "01"
                        "ffffffff0f"
                        "00",
                        1, "longer than the record"},
                    Lie{"HeaderCountNegative", "0c000000010101", 1, "header count"},
                    Lie{"HeaderCountWithoutHeaders", "0c000000010102", 1, "header count"},
                    Lie{"HeaderCountHuge", "140000000101feffffff0f", 1, "header count"},
                    Lie{"HeaderNameNull",
                        "1000000001010201"
                        "01",
                        1, "header name"},
                    Lie{"HeaderNameTooLong",
                        "1000000001010208"
                        "01",
                        1, "longer than the record"},
                    Lie{"HeaderValueTooLong",
                        "1000000001010200"
                        "02",
                        1, "longer than the record"},
                    Lie{"HeaderCountCutShort", "0c000000010180", 1, "longer than the record"},
                    Lie{"BytesBehindTheLastRecord", "0c00000001010000", 1, "bytes follow the last record"},
                    Lie{"OneRecordFewerThanCounted", "0c00000001010000000000000000", 2, "record 1"},
                    Lie{"OneRecordMoreThanCounted", "0c0000000101000c000002010100", 1, "bytes follow the last record"},
                    Lie{"TimestampAboveTheLargest", "0c000200010100", 1, "largest timestamp"},
                    Lie{"TimestampBelowTheLargest", "0c000100010100", 1, "largest timestamp"}),
    [](const auto& test) { return test.param.name; });

TEST(Section, SmallestTrueRecordIsAccepted) {
  EXPECT_FALSE(rejected(batch_around(*base::from_hex("0c000000010100"), 1)).has_value());
  // The length and the time delta in longer forms, as some encoders write them.
  EXPECT_FALSE(rejected(batch_around(*base::from_hex("8e800000"
                                                     "80"
                                                     "00"
                                                     "00010100"),
                                     1))
                   .has_value());
}

TEST(Section, EveryPrefixIsRejected) {
  const auto records = mixed_records(10);
  Bytes section(records_size(records));
  write_records(records, section);
  const Bytes whole = encode_batch(records, Codec::none).value();
  for (std::size_t size = 1; size < section.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kBatchHeaderSize + size));
    reseal(cut);
    ASSERT_TRUE(rejected(cut).has_value()) << size;
  }
}

TEST(Section, AnyChangedByteIsReadTheSameWayOrRejected) {
  const Bytes whole = encode_batch(mixed_records(12), Codec::none).value();
  std::size_t refused = 0;
  for (std::size_t at = kBatchHeaderSize; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = whole;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1 << bit);
      reseal(changed);
      if (rejected(changed)) ++refused;  // a byte of a value may change: the CRC was made true
    }
  }
  EXPECT_GT(refused, 500u);
}

TEST(Section, CompressedLiesAreFoundToo) {
  for (Codec codec : kCompressing) {
    Bytes section(7 * 100);
    const Bytes one = *base::from_hex("0c000000010100");
    for (std::size_t i = 0; i < section.size(); ++i) section[i] = one[i % one.size()];
    const Bytes batch = batch_around(compress(codec, section).value(), 100, codec);
    const auto error = rejected(batch);
    ASSERT_TRUE(error.has_value());
    EXPECT_NE(error->message.find("record 1: offset delta"), std::string::npos) << error->message;
  }
}

}  // namespace
}  // namespace shoal::record
