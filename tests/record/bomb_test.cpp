// Decompression bombs: little input that gives much output. Each must end as an error with memory bounded by the
// format's limits.

#include "record/record_batch.h"

#include "batch_samples.h"
#include "peak_memory.h"
#include "record/varint.h"

#include <gtest/gtest.h>

#include <lz4frame.h>
#include <zlib.h>

namespace shoal::record {
namespace {

constexpr std::size_t kBombSize = std::size_t{256} << 20;
constexpr std::size_t kChunk = std::size_t{64} << 10;

Bytes gzip_bomb() {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes zeros(kChunk);
  Bytes out(kBombSize / 500);
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  for (std::size_t done = 0; done < kBombSize; done += kChunk) {
    stream.next_in = zeros.data();
    stream.avail_in = static_cast<uInt>(kChunk);
    deflate(&stream, done + kChunk < kBombSize ? Z_NO_FLUSH : Z_FINISH);
  }
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Bytes lz4_bomb() {
  LZ4F_cctx* context = nullptr;
  LZ4F_createCompressionContext(&context, LZ4F_VERSION);
  const Bytes zeros(kChunk);
  Bytes out(kBombSize / 100);
  std::size_t used = LZ4F_compressBegin(context, out.data(), out.size(), nullptr);
  for (std::size_t done = 0; done < kBombSize; done += kChunk) {
    used += LZ4F_compressUpdate(context, out.data() + used, out.size() - used, zeros.data(), kChunk, nullptr);
  }
  used += LZ4F_compressEnd(context, out.data() + used, out.size() - used, nullptr);
  LZ4F_freeCompressionContext(context);
  out.resize(used);
  return out;
}

// RFC 8878 section 3.1.1: a frame without content size, window 128 MiB, then run-length blocks of 128 KiB, 4 bytes
// each.
Bytes zstd_bomb() {
  constexpr std::size_t kBlock = std::size_t{128} << 10;
  Bytes out{0x28, 0xB5, 0x2F, 0xFD, 0x00, 17 << 3};
  for (std::size_t done = 0; done < kBombSize; done += kBlock) {
    const std::uint32_t header =
        static_cast<std::uint32_t>(kBlock << 3 | 1 << 1 | (done + kBlock == kBombSize ? 1 : 0));
    for (int shift = 0; shift < 24; shift += 8) out.push_back(static_cast<std::uint8_t>(header >> shift));
    out.push_back(0);
  }
  return out;
}

// Xerial: blocks that are small each and claim little, but there are many.
Bytes snappy_bomb() {
  Bytes out = compress(Codec::snappy, Bytes(32 * 1024)).value();
  const Bytes block(out.begin() + 16, out.end());
  while (out.size() + block.size() < kMaxBatchSize - kBatchHeaderSize) base::append(out, block);
  return out;
}

Bytes bomb_of(Codec codec) {
  switch (codec) {
    case Codec::gzip: return gzip_bomb();
    case Codec::lz4: return lz4_bomb();
    case Codec::zstd: return zstd_bomb();
    default: return snappy_bomb();
  }
}

class Bomb : public testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Codecs, Bomb, testing::ValuesIn(kCompressing),
                         [](const auto& test) { return std::string(codec_name(test.param)); });

TEST_P(Bomb, EndsAtTheLimitWithBoundedMemory) {
  const Bytes batch = batch_around(bomb_of(GetParam()), 1, GetParam());
  ASSERT_TRUE(inspect_batch(batch).ok()) << "a bomb must look good from outside";
  const PeakMemory peak;
  for (int i = 0; i < 3; ++i) {
    const auto checked = validate_batch(batch);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code, Code::limit_exceeded);
    const auto decoded = DecodedBatch::decode(batch);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, Code::limit_exceeded);
  }
  EXPECT_GT(peak.grown_kib(), 0);
  EXPECT_LT(peak.grown_kib(), PeakMemory::allowed_kib());
}

TEST(Bomb, GzipThatLiesAboutItsSizeIsStopped) {
  Bytes member = gzip_bomb();
  for (std::uint32_t claim : {1000u, static_cast<std::uint32_t>(kMaxRecordsSize)}) {
    for (std::size_t i = 0; i < 4; ++i) member[member.size() - 4 + i] = static_cast<std::uint8_t>(claim >> (8 * i));
    const Bytes batch = batch_around(member, 1, Codec::gzip);
    const PeakMemory peak;
    const auto result = DecodedBatch::decode(batch);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::unverified);
    EXPECT_LT(peak.grown_kib(), PeakMemory::allowed_kib());
  }
}

// The worst that is allowed: a full records section, as many records and headers as may be.
TEST_P(Bomb, LargestLegalBatchOpensWithBoundedMemory) {
  std::vector<Record> records(kMaxBatchRecords);
  for (Record& record : records) record.headers.push_back({"", std::nullopt});
  for (std::size_t i = 0; i < 120; ++i) records[i * 1000].value = Bytes(256 * 1024);
  const Bytes batch = encode_batch(records, GetParam()).value();
  records = {};
  const PeakMemory peak;
  auto decoded = DecodedBatch::decode(batch);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->records().size(), kMaxBatchRecords);
  EXPECT_GT(peak.grown_kib(), 0);
  EXPECT_LT(peak.grown_kib(), PeakMemory::allowed_kib());
}

TEST(Bomb, ManyTinyRecordsAreRefusedBeforeTheyAreViewed) {
  const std::size_t count = kMaxRecordsSize / 7;
  const Bytes packed = compress(Codec::zstd, Bytes(kMaxRecordsSize)).value();
  const auto result = DecodedBatch::decode(batch_around(packed, static_cast<std::uint32_t>(count), Codec::zstd));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::unverified);
}

TEST(Bomb, ManyTinyHeadersAreRefusedBeforeTheyAreViewed) {
  constexpr std::size_t kHeaders = kMaxRecordsSize / 2 - 16;
  Bytes section;
  Bytes number(5);
  const auto put = [&](std::int64_t value) {
    std::uint8_t* end = put_varint(number.data(), value);
    section.insert(section.end(), number.data(), end);
  };
  const Bytes count_bytes(varint_size(kHeaders));
  put(static_cast<std::int64_t>(5 + count_bytes.size() + 2 * kHeaders));
  section.insert(section.end(), {0x00, 0x00, 0x00, 0x01, 0x01});
  put(static_cast<std::int64_t>(kHeaders));
  for (std::size_t i = 0; i < kHeaders; ++i) section.insert(section.end(), {0x00, 0x01});
  const Bytes batch = batch_around(compress(Codec::zstd, section).value(), 1, Codec::zstd);
  section = {};
  const PeakMemory peak;
  const auto result = DecodedBatch::decode(batch);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::unverified);
  EXPECT_NE(result.error().message.find("headers"), std::string::npos) << result.error().message;
  EXPECT_GT(peak.grown_kib(), 0);
  EXPECT_LT(peak.grown_kib(), PeakMemory::allowed_kib());
}

}  // namespace
}  // namespace shoal::record
