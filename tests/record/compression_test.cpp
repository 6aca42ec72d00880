#include "record/compression.h"

#include "batch_samples.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <rapidcheck.h>
#include <snappy.h>
#include <zstd.h>

namespace shoal::record {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20;

Bytes repetitive(std::size_t size) {
  const Bytes word = bytes_of("tremor ");
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(word[i % 7] + i / 5000 % 3);
  return out;
}

class Compression : public testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Codecs, Compression, testing::ValuesIn(kCompressing),
                         [](const auto& test) { return std::string(codec_name(test.param)); });

TEST_P(Compression, GivesBackWhatItTook) {
  for (std::size_t size : {0u, 1u, 100u, 32'767u, 32'768u, 32'769u, 65'536u, 300'000u, 1'048'576u}) {
    for (const Bytes& plain : {repetitive(size), random_bytes(size, size)}) {
      auto packed = compress(GetParam(), plain);
      ASSERT_TRUE(packed.ok());
      auto back = decompress(GetParam(), *packed, kLimit);
      ASSERT_TRUE(back.ok()) << size << ": " << back.error().message;
      EXPECT_EQ(*back, plain);
    }
  }
  EXPECT_LT(compress(GetParam(), repetitive(100'000)).value().size(), 20'000u);
}

TEST_P(Compression, GivesBackAnyBytes) {
  EXPECT_TRUE(rc::check([](const Bytes& part, std::uint8_t times) {
    Bytes plain;
    for (int i = 0; i < times; ++i) base::append(plain, part);
    const auto packed = compress(GetParam(), plain);
    RC_ASSERT(packed.ok());
    const auto back = decompress(GetParam(), *packed, plain.size());
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == plain);
  }));
}

TEST_P(Compression, StopsAtTheLimitToTheByte) {
  for (std::size_t size : {1u, 4096u, 100'000u}) {
    const Bytes packed = compress(GetParam(), repetitive(size)).value();
    EXPECT_TRUE(decompress(GetParam(), packed, size).ok());
    const auto short_of_one = decompress(GetParam(), packed, size - 1);
    ASSERT_FALSE(short_of_one.ok());
    EXPECT_EQ(short_of_one.error().code, Code::limit_exceeded);
  }
}

TEST_P(Compression, RejectsEveryTruncation) {
  const Bytes packed = compress(GetParam(), repetitive(5000)).value();
  for (std::size_t size = 0; size < packed.size(); ++size) {
    // A xerial stream cut at a block's end is a shorter stream; the records inside are then too few.
    if (GetParam() == Codec::snappy && size == 16) continue;
    const auto back = decompress(GetParam(), ByteView(packed).first(size), kLimit);
    ASSERT_FALSE(back.ok()) << size;
    EXPECT_EQ(back.error().code, Code::unverified) << size;
  }
}

TEST_P(Compression, RejectsBytesBehindTheEnd) {
  for (const Bytes& plain : {Bytes{}, repetitive(5000)}) {
    for (std::uint8_t extra : Bytes{0x00, 0x04, 0x1F, 0x28, 0xFF}) {
      Bytes packed = compress(GetParam(), plain).value();
      packed.push_back(extra);
      const auto back = decompress(GetParam(), packed, kLimit);
      ASSERT_FALSE(back.ok());
      EXPECT_EQ(back.error().code, Code::unverified);
    }
  }
}

TEST_P(Compression, RejectsASecondStream) {
  const Bytes one = compress(GetParam(), repetitive(5000)).value();
  Bytes two = one;
  base::append(two, one);
  const auto back = decompress(GetParam(), two, kLimit);
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, Code::unverified);
}

TEST_P(Compression, RejectsTheOtherFormats) {
  for (Codec other : kCompressing) {
    if (other == GetParam()) continue;
    const auto back = decompress(GetParam(), compress(other, repetitive(5000)).value(), kLimit);
    ASSERT_FALSE(back.ok());
    EXPECT_EQ(back.error().code, Code::unverified);
  }
  const auto noise = decompress(GetParam(), random_bytes(5000, 3), kLimit);
  EXPECT_FALSE(noise.ok());
}

TEST_P(Compression, SurvivesAnyFlippedBit) {
  const Bytes packed = compress(GetParam(), repetitive(3000)).value();
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    Bytes flipped = packed;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
    const auto back = decompress(GetParam(), flipped, kLimit);  // CRC-32C finds them; here nothing may break
    if (back.ok()) {
      EXPECT_LE(back->size(), kLimit);
    } else {
      EXPECT_TRUE(back.error().code == Code::unverified || back.error().code == Code::limit_exceeded);
    }
  }
}

// Clients that stream do not know the size when they write the frame's header.
Bytes lz4_stream(const Bytes& plain, LZ4F_blockSizeID_t block_size, LZ4F_blockMode_t mode, bool checksums) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = block_size;
  preferences.frameInfo.blockMode = mode;
  preferences.frameInfo.contentChecksumFlag = checksums ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
  preferences.frameInfo.blockChecksumFlag = checksums ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
  Bytes out(LZ4F_compressFrameBound(plain.size(), &preferences));
  out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences));
  return out;
}

TEST(Lz4, ReadsEveryKindOfFrameUpToTheLimit) {
  for (std::size_t size : {0u, 1u, 65'536u, 300'000u, 1'048'576u}) {
    const Bytes plain = repetitive(size);
    for (LZ4F_blockSizeID_t block_size : {LZ4F_max64KB, LZ4F_max256KB, LZ4F_max1MB, LZ4F_max4MB}) {
      for (LZ4F_blockMode_t mode : {LZ4F_blockLinked, LZ4F_blockIndependent}) {
        for (bool checksums : {false, true}) {
          const Bytes packed = lz4_stream(plain, block_size, mode, checksums);
          ASSERT_EQ(decompress(Codec::lz4, packed, size).value(), plain);
          if (size == 0) continue;
          ASSERT_EQ(decompress(Codec::lz4, packed, size - 1).error().code, Code::limit_exceeded);
        }
      }
    }
  }
}

TEST(Lz4, ReportsAStatedSizeThatIsNotTrue) {
  const Bytes packed = compress(Codec::lz4, repetitive(1000)).value();
  ASSERT_EQ(base::to_hex(ByteView(packed).subspan(6, 8)), "e803000000000000");  // content size, little-endian
  // The frame's header has a checksum of its own, so any other size fails there.
  Bytes lie = packed;
  lie[6] = 0;
  EXPECT_EQ(decompress(Codec::lz4, lie, kLimit).error().code, Code::unverified);
}

TEST(Zstd, ReadsFramesWithoutAStatedSizeUpToTheLimit) {
  for (std::size_t size : {1u, 5000u, 300'000u, 1'048'576u}) {
    const Bytes plain = repetitive(size);
    ZSTD_CCtx* context = ZSTD_createCCtx();
    Bytes packed(ZSTD_compressBound(size));
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    packed.resize(out.pos);
    ASSERT_EQ(ZSTD_getFrameContentSize(packed.data(), packed.size()), ZSTD_CONTENTSIZE_UNKNOWN);
    EXPECT_EQ(decompress(Codec::zstd, packed, size).value(), plain);
    EXPECT_EQ(decompress(Codec::zstd, packed, size - 1).error().code, Code::limit_exceeded);
  }
}

TEST(Zstd, RefusesASkippableFrame) {
  Bytes packed = *base::from_hex(
      "502a4d18"
      "04000000"
      "00000000");
  EXPECT_EQ(decompress(Codec::zstd, packed, kLimit).error().code, Code::unverified);
  base::append(packed, compress(Codec::zstd, repetitive(100)).value());
  EXPECT_EQ(decompress(Codec::zstd, packed, kLimit).error().code, Code::unverified);
}

TEST(Gzip, DoesNotBelieveItsTrailer) {
  const Bytes packed = compress(Codec::gzip, repetitive(5000)).value();
  for (std::uint32_t claim : {0u, 1u, 4999u, 5001u, 0xFFFFFFFFu}) {
    Bytes lie = packed;
    for (std::size_t i = 0; i < 4; ++i) lie[lie.size() - 4 + i] = static_cast<std::uint8_t>(claim >> (8 * i));
    EXPECT_EQ(decompress(Codec::gzip, lie, kLimit).error().code, Code::unverified) << claim;
  }
  Bytes wrong_crc = packed;
  wrong_crc[wrong_crc.size() - 5] ^= 1;
  EXPECT_EQ(decompress(Codec::gzip, wrong_crc, kLimit).error().code, Code::unverified);
}

TEST(Snappy, ReadsRawBlocks) {
  const Bytes plain = repetitive(200'000);
  std::string raw;
  snappy::Compress(base::as_text(plain).data(), plain.size(), &raw);
  EXPECT_EQ(decompress(Codec::snappy, base::as_bytes(raw), kLimit).value(), plain);
  EXPECT_EQ(decompress(Codec::snappy, base::as_bytes(raw), plain.size() - 1).error().code, Code::limit_exceeded);
}

TEST(Snappy, WritesXerialBlocksOf32KiB) {
  const Bytes packed = compress(Codec::snappy, repetitive(40'000)).value();
  EXPECT_EQ(base::to_hex(ByteView(packed).first(16)),
            "82534e415050590000000001"
            "00000001");
  const std::size_t first = std::size_t{packed[18]} << 8 | packed[19];
  std::size_t size = 0;
  ASSERT_TRUE(snappy::GetUncompressedLength(base::as_text(packed).data() + 20, first, &size));
  EXPECT_EQ(size, 32'768u);
}

TEST(Snappy, RejectsABadXerialHeader) {
  Bytes old = compress(Codec::snappy, repetitive(100)).value();
  Bytes newer = old;
  old[11] = 0;    // version 0
  newer[15] = 2;  // readable from version 2 on
  EXPECT_EQ(decompress(Codec::snappy, old, kLimit).error().code, Code::unverified);
  EXPECT_EQ(decompress(Codec::snappy, newer, kLimit).error().code, Code::unverified);
}

TEST(Snappy, DoesNotBelieveAnImpossibleSize) {
  const Bytes claims_16_mib{0x80, 0x80, 0x80, 0x08, 0x00};
  EXPECT_EQ(decompress(Codec::snappy, claims_16_mib, kMaxRecordsSize).error().code, Code::unverified);
}

TEST(Codec, NamesAreReadAndWritten) {
  for (Codec codec : kAllCodecs) EXPECT_EQ(parse_codec(codec_name(codec)).value(), codec);
  for (const char* name : {"", "Gzip", "zstd ", "lzma"}) {
    EXPECT_EQ(parse_codec(name).error().code, Code::invalid_argument) << name;
  }
  EXPECT_EQ(codec_name(static_cast<Codec>(7)), "unknown");
}

TEST(Codec, NoneCopiesUpToTheLimit) {
  const Bytes plain = random_bytes(100, 5);
  EXPECT_EQ(compress(Codec::none, plain).value(), plain);
  EXPECT_EQ(decompress(Codec::none, plain, 100).value(), plain);
  EXPECT_EQ(decompress(Codec::none, plain, 99).error().code, Code::limit_exceeded);
}

TEST(Codec, UnknownOnesAreRefused) {
  EXPECT_FALSE(compress(static_cast<Codec>(5), {}).ok());
  EXPECT_EQ(decompress(static_cast<Codec>(7), {}, 1).error().code, Code::unverified);
}

}  // namespace
}  // namespace shoal::record
