#include "base/wire.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

namespace shoal::base {
namespace {

TEST(WireWriter, WritesBigEndian) {
  WireWriter out;
  out.u8(0x01);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090A0B0C0D0E0F);
  out.i64(-2);
  out.bytes(Bytes{0xAA, 0xBB});
  const Bytes expected = {1,  2,  3,    4,    5,    6,    7,    8,    9,    10,   11,   12,  13,
                          14, 15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xAA, 0xBB};
  EXPECT_EQ(out.size(), expected.size());
  EXPECT_EQ(std::move(out).take(), expected);
}

TEST(WireReader, ReadsWhatTheWriterWrote) {
  EXPECT_TRUE(rc::check(
      [](std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d, std::int64_t e, const Bytes& tail) {
        WireWriter out(64);
        out.u8(a);
        out.u16(b);
        out.u32(c);
        out.u64(d);
        out.i64(e);
        out.bytes(tail);
        WireReader in(out.view());
        RC_ASSERT(in.u8() == a);
        RC_ASSERT(in.u16() == b);
        RC_ASSERT(in.u32() == c);
        RC_ASSERT(in.u64() == d);
        RC_ASSERT(in.i64() == e);
        RC_ASSERT(in.remaining() == tail.size());
        const ByteView rest = in.bytes(tail.size());
        RC_ASSERT(Bytes(rest.begin(), rest.end()) == tail);
        RC_ASSERT(in.finished());
      }));
}

TEST(WireReader, KeepsExtremeNumbers) {
  WireWriter out;
  out.i64(std::numeric_limits<std::int64_t>::min());
  out.i64(std::numeric_limits<std::int64_t>::max());
  out.u64(std::numeric_limits<std::uint64_t>::max());
  WireReader in(out.view());
  EXPECT_EQ(in.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(in.i64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(in.u64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(in.finished());
}

TEST(WireReader, ReadPastTheEndFailsForGood) {
  const Bytes input = {1, 2, 3};
  WireReader in(input);
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_FALSE(in.finished());
  EXPECT_EQ(in.u8(), 0) << "bytes that are left are not given out after a failure";
  EXPECT_TRUE(in.bytes(1).empty());
  EXPECT_EQ((in.array<2>()), (std::array<std::uint8_t, 2>{}));
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(WireReader, HugeLengthsDoNotOverflow) {
  const Bytes input = {1, 2, 3, 4};
  WireReader in(input);
  EXPECT_EQ(in.u8(), 1);
  EXPECT_TRUE(in.bytes(std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_FALSE(in.ok());
}

TEST(WireReader, ReadingNothingAtTheEndIsFine) {
  WireReader in(ByteView{});
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_TRUE(in.finished());
}

TEST(WireReader, LeftOverBytesAreNotFinished) {
  const Bytes input = {1, 2};
  WireReader in(input);
  in.u8();
  EXPECT_TRUE(in.ok());
  EXPECT_FALSE(in.finished());
  EXPECT_EQ(in.position(), 1U);
}

TEST(WireReader, CallerCanFailIt) {
  const Bytes input = {7};
  WireReader in(input);
  in.u8();
  in.fail();
  EXPECT_FALSE(in.ok());
  EXPECT_FALSE(in.finished());
}

// What a parser of hostile input relies on: any sequence of reads stays inside the input, consumes exactly what it
// gave, and after the first failure nothing is given at all.
TEST(WireReader, AnyReadsOfAnyInputStayInside) {
  EXPECT_TRUE(rc::check([](const Bytes& input, const std::vector<std::uint8_t>& reads) {
    WireReader in(input);
    std::size_t consumed = 0;
    bool failed = false;
    for (const std::uint8_t read : reads) {
      const std::size_t width = read % 5 == 0 ? 1 : read % 5 == 1 ? 2 : read % 5 == 2 ? 4 : read % 5 == 3 ? 8 : read;
      const bool fits = !failed && input.size() - consumed >= width;
      std::uint64_t expected = 0;
      if (fits && read % 5 != 4) {
        for (std::size_t i = 0; i < width; ++i) expected = expected << 8 | input[consumed + i];
      }
      switch (read % 5) {
        case 0: RC_ASSERT(in.u8() == expected); break;
        case 1: RC_ASSERT(in.u16() == expected); break;
        case 2: RC_ASSERT(in.u32() == expected); break;
        case 3: RC_ASSERT(in.u64() == expected); break;
        default: {
          const ByteView view = in.bytes(width);
          RC_ASSERT(view.size() == (fits ? width : 0U));
          if (fits && width > 0) RC_ASSERT(view.data() == input.data() + consumed);
        }
      }
      failed = failed || !fits;
      if (fits) consumed += width;
      RC_ASSERT(in.ok() == !failed);
      RC_ASSERT(in.position() == consumed);
      RC_ASSERT(in.remaining() == (failed ? 0U : input.size() - consumed));
    }
  }));
}

}  // namespace
}  // namespace shoal::base
