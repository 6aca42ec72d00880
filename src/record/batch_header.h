#pragma once

#include <cstddef>
#include <cstdint>

#include "record/compression.h"
#include "record/record.h"

/// The fixed header of a record batch (docs/FORMAT.md, "Record batch"): its fields, limits and checks.
namespace shoal::record {

/// Size of the fixed header in bytes.
inline constexpr std::size_t kBatchHeaderSize = 61;
/// Largest whole batch, which is the largest block payload.
inline constexpr std::size_t kMaxBatchSize = std::size_t{8} << 20;
/// Largest uncompressed records section.
inline constexpr std::size_t kMaxRecordsSize = std::size_t{32} << 20;

/// Most records, and most record headers over all of them, in one batch: with these an opened batch takes at most
/// 24 MiB beside its records section, whatever a hostile one says.
inline constexpr std::size_t kMaxBatchRecords = std::size_t{1} << 17;
inline constexpr std::size_t kMaxBatchHeaders = std::size_t{1} << 17;

/// Bytes of a record with nothing in it: length, attributes, two deltas, two null lengths, header count.
inline constexpr std::size_t kSmallestRecord = 7;

/// The fixed header's fields that matter here.
struct BatchInfo {
  Offset base_offset{0};
  std::uint32_t leader_epoch = 0;
  Codec codec = Codec::none;
  std::uint32_t record_count = 0;
  UnixMs base_timestamp{0};
  UnixMs max_timestamp{0};
  std::uint32_t last_offset_delta = 0;
};

/// Writes the fixed header over the first kBatchHeaderSize bytes of a whole batch whose records section is in place:
/// magic 2, CreateTime, no producer id, last offset delta = count - 1, batch length and CRC-32C from the bytes. Base
/// offset and leader epoch come from `info`; last_offset_delta is not read.
void write_batch_header(Bytes& batch, const BatchInfo& info);

/// Checks everything that can be checked without decompressing: magic 2, batchLength = size - 12, CRC-32C, known
/// codec, CreateTime, no transactional or control bit, count > 0 and lastOffsetDelta = count - 1, size limits.
/// Code::unverified says what is wrong.
[[nodiscard]] Result<BatchInfo> inspect_batch(ByteView batch);

/// Writes base offset (bytes 0-7) and partition leader epoch (12-15), which lie outside the CRC.
void patch_batch(Bytes& batch, Offset base_offset, std::uint32_t leader_epoch);

}  // namespace shoal::record
