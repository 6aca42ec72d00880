#pragma once

#include "record/batch_header.h"
#include "record/record.h"
#include "record/varint.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// The records section of a batch, uncompressed (docs/FORMAT.md, "Record batch").
namespace shoal::record {

/// Bytes of a header with an empty name and a null value.
inline constexpr std::size_t kSmallestHeader = 2;

/// Bytes that `record` will take in the uncompressed records section, an upper bound good to 15 bytes: what batching
/// by size counts.
std::size_t encoded_size(const Record& record);

/// Exact size of the section that write_records() makes.
std::size_t records_size(const std::vector<Record>& records);

/// Writes exactly records_size() bytes; timestamps relative to the first record's.
void write_records(const std::vector<Record>& records, std::span<std::uint8_t> out);

/// Walks a section record by record and checks each against the header: lengths, offset deltas 0, 1, 2 …, counts.
class RecordsReader {
 public:
  /// `section` must outlive the views that next() gives.
  RecordsReader(ByteView section, const BatchInfo& info) : reader_(section), info_(info) {}

  /// Reads the next record over `out`, whose header vector is reused. Code::unverified; call it record_count times.
  [[nodiscard]] Result<void> next(RecordView& out);
  /// After the last record: nothing may be left and the largest timestamp must be the header's.
  [[nodiscard]] Result<void> finish() const;

  /// Over the records read so far, at least one.
  [[nodiscard]] TimestampRange timestamps() const { return timestamps_; }

 private:
  [[nodiscard]] Result<void> read_headers(VarintReader& body, std::vector<RecordView::HeaderView>& out);
  [[nodiscard]] Error bad(std::string_view what) const;

  VarintReader reader_;
  BatchInfo info_;
  std::uint32_t records_read_ = 0;
  std::size_t headers_read_ = 0;
  TimestampRange timestamps_{UnixMs(INT64_MAX), UnixMs(INT64_MIN)};
};

}  // namespace shoal::record
