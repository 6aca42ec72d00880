#include "record/varint.h"

#include "batch_samples.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::record {
namespace {

Bytes written(std::int64_t value) {
  Bytes out(varint_size(value));
  EXPECT_EQ(put_varint(out.data(), value), out.data() + out.size());
  return out;
}

TEST(Varint, WritesTheKnownForms) {
  EXPECT_EQ(written(0), Bytes({0x00}));
  EXPECT_EQ(written(-1), Bytes({0x01}));
  EXPECT_EQ(written(63), Bytes({0x7E}));
  EXPECT_EQ(written(64), Bytes({0x80, 0x01}));
  EXPECT_EQ(written(-64), Bytes({0x7F}));
  EXPECT_EQ(written(-65), Bytes({0x81, 0x01}));
  EXPECT_EQ(written(INT32_MAX), Bytes({0xFE, 0xFF, 0xFF, 0xFF, 0x0F}));
  EXPECT_EQ(written(INT64_MIN), Bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}));
}

TEST(Varint, ReadsBackEveryNumber) {
  EXPECT_TRUE(rc::check("varlong", [](std::int64_t seed) {
    const auto value = seed >> *rc::gen::inRange(0, 63);
    const Bytes bytes = written(value);
    VarintReader reader(bytes);
    RC_ASSERT(reader.varlong() == value);
    RC_ASSERT(!reader.failed() && reader.remaining() == 0u);
  }));
  for (std::int32_t value : {0, 1, -1, INT32_MAX, INT32_MIN}) {
    const Bytes bytes = written(value);
    VarintReader reader(bytes);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_FALSE(reader.failed());
  }
}

TEST(VarintReader, RejectsEveryTruncation) {
  for (std::int64_t value : {std::int64_t{64}, std::int64_t{INT32_MAX}, INT64_MAX, INT64_MIN}) {
    Bytes bytes = written(value);
    while (!bytes.empty()) {
      bytes.pop_back();
      VarintReader reader(bytes);
      EXPECT_EQ(reader.varlong(), 0);
      EXPECT_TRUE(reader.failed());
    }
  }
}

TEST(VarintReader, RejectsMoreBytesOrBitsThanTheTypeHas) {
  for (const Bytes& bytes : {Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00},  // six bytes
                             Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x10},        // bit 32
                             Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}}) {
    VarintReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0);
    EXPECT_TRUE(reader.failed());
  }
  Bytes wide(9, 0xFF);
  wide.push_back(0x02);  // bit 64
  VarintReader bits(wide);
  bits.varlong();
  EXPECT_TRUE(bits.failed());
  const Bytes eleven(11, 0x80);
  VarintReader length(eleven);
  length.varlong();
  EXPECT_TRUE(length.failed());
}

TEST(VarintReader, ReadsLongFormsOfSmallNumbers) {
  const Bytes bytes{0x82, 0x80, 0x80, 0x80, 0x00};
  VarintReader reader(bytes);
  EXPECT_EQ(reader.varint(), 1);
  EXPECT_FALSE(reader.failed());
}

TEST(VarintReader, StaysFailedAndReadsNothingMore) {
  const Bytes bytes{1, 2, 3};
  VarintReader reader(bytes);
  EXPECT_EQ(reader.bytes(4).size(), 0u);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_EQ(reader.bytes(1).size(), 0u);
  EXPECT_EQ(reader.byte(), 0);
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace shoal::record
