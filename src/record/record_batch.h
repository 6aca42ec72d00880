#pragma once

#include <memory>
#include <vector>

#include "record/batch_header.h"
#include "record/compression.h"
#include "record/record.h"

/// Kafka's record batch, magic 2 (docs/FORMAT.md, "Record batch"): what a data block's payload is, byte for byte.
namespace shoal::record {

/// Builds a batch of at least one record with base offset 0, CreateTime, no producer id. Timestamps may be out of
/// order. Falls back to Codec::none when compressing does not make it smaller. Code::limit_exceeded above
/// kMaxRecordsSize, kMaxBatchSize, kMaxBatchRecords or kMaxBatchHeaders, Code::invalid_argument for no records.
[[nodiscard]] Result<Bytes> encode_batch(const std::vector<Record>& records, Codec codec);

/// Does what inspect_batch() does, then decompresses and walks the records: every varint, length, offset delta
/// (0, 1, 2 …) and the largest timestamp must agree with the header. For batches from outside (a foreign client) before
/// they are signed.
[[nodiscard]] Result<TimestampRange> validate_batch(ByteView batch);

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
