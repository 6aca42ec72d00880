#include "record/batch_header.h"

#include <algorithm>

#include "base/assert.h"
#include "base/wire.h"
#include "record/crc32c.h"

namespace shoal::record {
namespace {

// Byte positions; docs/FORMAT.md, "Record batch", has the whole table.
constexpr std::size_t kLengthCountsFrom = 12;  // batchLength leaves out base offset and itself
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kCrcCountsFrom = 21;
constexpr std::uint8_t kMagic = 2;
constexpr std::uint16_t kCodecBits = 0x0007;

Error bad(const std::string& what) { return {Code::unverified, "bad record batch: " + what}; }

void put_u32(Bytes& at, std::size_t position, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) at[position + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// What each attribute bit above the codec would mean to a Kafka consumer.
Result<Codec> read_attributes(std::uint16_t attributes) {
  if ((attributes & 0x0008) != 0) return bad("log append time instead of create time");
  if ((attributes & 0x0010) != 0) return bad("part of a transaction");
  if ((attributes & 0x0020) != 0) return bad("control batch");
  if ((attributes & ~kCodecBits) != 0) return bad("unknown attributes");
  if ((attributes & kCodecBits) > static_cast<std::uint16_t>(Codec::zstd)) return bad("unknown compression codec");
  return static_cast<Codec>(attributes & kCodecBits);
}

}  // namespace

void write_batch_header(Bytes& batch, const BatchInfo& info) {
  SHOAL_ASSERT(batch.size() > kBatchHeaderSize && batch.size() <= kMaxBatchSize && info.record_count > 0);
  base::WireWriter header(kBatchHeaderSize);
  header.i64(info.base_offset.value());
  header.u32(static_cast<std::uint32_t>(batch.size() - kLengthCountsFrom));
  header.u32(info.leader_epoch);
  header.u8(kMagic);
  header.u32(0);  // CRC, below
  header.u16(static_cast<std::uint16_t>(info.codec));
  header.u32(info.record_count - 1);
  header.i64(info.base_timestamp.value());
  header.i64(info.max_timestamp.value());
  header.i64(-1);          // producer id: none
  header.u16(0xFFFF);      // producer epoch: none
  header.u32(0xFFFFFFFF);  // base sequence: none
  header.u32(info.record_count);
  SHOAL_ASSERT(header.size() == kBatchHeaderSize);
  std::copy(header.view().begin(), header.view().end(), batch.begin());
  put_u32(batch, kCrcAt, crc32c(ByteView(batch).subspan(kCrcCountsFrom)));
}

Result<BatchInfo> inspect_batch(ByteView batch) {
  if (batch.size() <= kBatchHeaderSize) return bad("shorter than its header and one record");
  if (batch.size() > kMaxBatchSize) return bad("larger than " + std::to_string(kMaxBatchSize) + " bytes");
  base::WireReader reader(batch.first(kBatchHeaderSize));
  BatchInfo info;
  info.base_offset = Offset(reader.i64());
  const std::uint32_t length = reader.u32();
  info.leader_epoch = reader.u32();
  const std::uint8_t magic = reader.u8();
  const std::uint32_t crc = reader.u32();
  const std::uint16_t attributes = reader.u16();
  info.last_offset_delta = reader.u32();
  info.base_timestamp = UnixMs(reader.i64());
  info.max_timestamp = UnixMs(reader.i64());
  reader.bytes(8 + 2 + 4);  // producer id, producer epoch, base sequence: a foreign client may set them
  info.record_count = reader.u32();
  SHOAL_ASSERT(reader.finished());

  if (magic != kMagic) return bad("magic " + std::to_string(magic) + " instead of 2");
  if (length != batch.size() - kLengthCountsFrom) return bad("its length field is not its size");
  if (crc != crc32c(batch.subspan(kCrcCountsFrom))) return bad("CRC-32C does not match");
  auto codec = read_attributes(attributes);
  if (!codec.ok()) return std::move(codec).error();
  info.codec = *codec;
  if (info.record_count == 0) return bad("no records");
  if (info.record_count > kMaxBatchRecords) return bad("more than " + std::to_string(kMaxBatchRecords) + " records");
  if (info.last_offset_delta != info.record_count - 1) return bad("last offset delta is not the record count - 1");
  if (info.codec == Codec::none && (batch.size() - kBatchHeaderSize) / kSmallestRecord < info.record_count) {
    return bad("too small for its record count");
  }
  if (info.base_offset.value() < 0 || info.base_offset.value() > INT64_MAX - info.last_offset_delta) {
    return bad("offsets out of range");
  }
  return info;
}

void patch_batch(Bytes& batch, Offset base_offset, std::uint32_t leader_epoch) {
  SHOAL_ASSERT(batch.size() >= kBatchHeaderSize);
  const auto offset = static_cast<std::uint64_t>(base_offset.value());
  put_u32(batch, 0, static_cast<std::uint32_t>(offset >> 32));
  put_u32(batch, 4, static_cast<std::uint32_t>(offset));
  put_u32(batch, 12, leader_epoch);
}

}  // namespace shoal::record
