#include "record/record_batch.h"

#include <algorithm>

#include "base/try.h"
#include "record/batch_header.h"
#include "record/records_section.h"

namespace shoal::record {
namespace {

Error too_large(const std::string& what, std::size_t limit, std::string_view unit) {
  return {Code::limit_exceeded, what + " above " + std::to_string(limit) + " " + std::string(unit),
          "send fewer or smaller records in one batch"};
}

Result<void> check_counts(const std::vector<Record>& records) {
  if (records.empty()) return Error{Code::invalid_argument, "a record batch needs at least one record"};
  if (records.size() > kMaxBatchRecords) return too_large("record batch", kMaxBatchRecords, "records");
  std::size_t headers = 0;
  for (const Record& record : records) headers += record.headers.size();
  if (headers > kMaxBatchHeaders) return too_large("record batch", kMaxBatchHeaders, "record headers");
  return {};
}

UnixMs largest_timestamp(const std::vector<Record>& records) {
  UnixMs largest = records[0].timestamp;
  for (const Record& record : records) largest = std::max(largest, record.timestamp);
  return largest;
}

// The batch with its section compressed, or nothing when that is no gain. The header is not yet written.
Result<Bytes> with_packed_section(const Bytes& plain_batch, Codec codec) {
  SHOAL_TRY(const Bytes packed, compress(codec, ByteView(plain_batch).subspan(kBatchHeaderSize)));
  if (kBatchHeaderSize + packed.size() >= plain_batch.size()) return Bytes{};
  Bytes batch(kBatchHeaderSize + packed.size());
  std::copy(packed.begin(), packed.end(), batch.begin() + kBatchHeaderSize);
  return batch;
}

}  // namespace

Result<Bytes> encode_batch(const std::vector<Record>& records, Codec codec) {
  SHOAL_CHECK(check_counts(records));
  const std::size_t section_size = records_size(records);
  if (section_size > kMaxRecordsSize) return too_large("uncompressed records", kMaxRecordsSize, "bytes");

  Bytes batch(kBatchHeaderSize + section_size);
  write_records(records, std::span(batch).subspan(kBatchHeaderSize));
  if (codec != Codec::none) {
    SHOAL_TRY(Bytes packed, with_packed_section(batch, codec));
    if (packed.empty()) {
      codec = Codec::none;
    } else {
      batch = std::move(packed);
    }
  }
  if (batch.size() > kMaxBatchSize) return too_large("record batch", kMaxBatchSize, "bytes");

  BatchInfo info;
  info.codec = codec;
  info.record_count = static_cast<std::uint32_t>(records.size());
  info.base_timestamp = records[0].timestamp;
  info.max_timestamp = largest_timestamp(records);
  write_batch_header(batch, info);
  return batch;
}

Result<TimestampRange> validate_batch(ByteView batch) {
  SHOAL_TRY(const BatchInfo info, inspect_batch(batch));
  ByteView section = batch.subspan(kBatchHeaderSize);
  Bytes plain;
  if (info.codec != Codec::none) {
    SHOAL_TRY(plain, decompress(info.codec, section, kMaxRecordsSize));
    section = plain;
  }
  RecordsReader reader(section, info);
  RecordView record;
  for (std::uint32_t i = 0; i < info.record_count; ++i) SHOAL_CHECK(reader.next(record));
  SHOAL_CHECK(reader.finish());
  return reader.timestamps();
}

Result<DecodedBatch> DecodedBatch::decode(Bytes batch) {
  DecodedBatch out;
  SHOAL_TRY(out.info_, inspect_batch(batch));
  std::size_t section_at = kBatchHeaderSize;
  if (out.info_.codec != Codec::none) {
    SHOAL_TRY(batch, decompress(out.info_.codec, ByteView(batch).subspan(kBatchHeaderSize), kMaxRecordsSize));
    section_at = 0;
  }
  out.storage_ = std::make_unique<const Bytes>(std::move(batch));
  const ByteView section = ByteView(*out.storage_).subspan(section_at);
  if (section.size() / kSmallestRecord < out.info_.record_count) {
    return Error{Code::unverified, "bad record batch: too small for its record count"};
  }
  RecordsReader reader(section, out.info_);
  out.records_.resize(out.info_.record_count);
  for (RecordView& record : out.records_) SHOAL_CHECK(reader.next(record));
  SHOAL_CHECK(reader.finish());
  return out;
}

}  // namespace shoal::record
