#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "record/compression.h"
#include "record/record.h"

/// Kafka's record batch, magic 2 (docs/FORMAT.md, "Record batch"): what a data block's payload is, byte for byte.
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

/// Builds a batch of at least one record with base offset 0, CreateTime, no producer id. Timestamps may be out of
/// order. Falls back to Codec::none when compressing does not make it smaller. Code::limit_exceeded above
/// kMaxRecordsSize, kMaxBatchSize, kMaxBatchRecords or kMaxBatchHeaders, Code::invalid_argument for no records.
[[nodiscard]] Result<Bytes> encode_batch(const std::vector<Record>& records, Codec codec);

/// Bytes that `record` will take in the uncompressed records section, an upper bound good to 15 bytes: what batching
/// by size counts.
std::size_t encoded_size(const Record& record);

/// Checks everything that can be checked without decompressing: magic 2, batchLength = size - 12, CRC-32C, known
/// codec, CreateTime, no transactional or control bit, count > 0 and lastOffsetDelta = count - 1, size limits.
/// Code::unverified says what is wrong.
[[nodiscard]] Result<BatchInfo> inspect_batch(ByteView batch);

/// Also decompresses and walks the records: every varint, length, offset delta (0, 1, 2 …) and the largest timestamp
/// must agree with the header. For batches from outside (a foreign client) before they are signed. Gives the smallest
/// and the largest record timestamp.
struct TimestampRange {
  UnixMs smallest{0};
  UnixMs largest{0};
};
[[nodiscard]] Result<TimestampRange> validate_batch(ByteView batch);

/// Writes base offset (bytes 0-7) and partition leader epoch (12-15), which lie outside the CRC.
void patch_batch(Bytes& batch, Offset base_offset, std::uint32_t leader_epoch);

/// A batch opened for reading: owns the plain records section; the views point into it. Movable.
class DecodedBatch {
 public:
  /// Takes the batch's bytes; CRC and structure are checked. Code::unverified or Code::limit_exceeded.
  [[nodiscard]] static Result<DecodedBatch> decode(Bytes batch);

  [[nodiscard]] const BatchInfo& info() const { return info_; }
  [[nodiscard]] const std::vector<RecordView>& records() const { return records_; }

 private:
  DecodedBatch() = default;
  BatchInfo info_;
  std::unique_ptr<const Bytes> storage_;  // its address does not change when the batch is moved
  std::vector<RecordView> records_;
};

}  // namespace shoal::record
