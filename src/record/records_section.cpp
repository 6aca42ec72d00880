#include "record/records_section.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"

namespace shoal::record {
namespace {

// Deltas wrap around, as two's complement numbers do: every pair of timestamps has one.
std::int64_t delta_of(UnixMs time, UnixMs base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.value()) - static_cast<std::uint64_t>(base.value()));
}
UnixMs add_delta(UnixMs base, std::int64_t delta) {
  return UnixMs(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(base.value()) + static_cast<std::uint64_t>(delta)));
}

std::size_t sized(std::size_t length) { return varint_size(static_cast<std::int64_t>(length)) + length; }
std::size_t sized(const std::optional<Bytes>& bytes) { return bytes ? sized(bytes->size()) : 1; }

// All of a record behind its length field, except the two deltas.
std::size_t fixed_size(const Record& record) {
  std::size_t size =
      1 + sized(record.key) + sized(record.value) + varint_size(static_cast<std::int64_t>(record.headers.size()));
  for (const Header& header : record.headers) size += sized(header.name.size()) + sized(header.value);
  return size;
}

std::size_t body_size(const Record& record, std::int64_t time_delta, std::size_t offset_delta) {
  return fixed_size(record) + varint_size(time_delta) + varint_size(static_cast<std::int64_t>(offset_delta));
}

std::uint8_t* put_sized(std::uint8_t* at, ByteView bytes) {
  at = put_varint(at, static_cast<std::int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

std::uint8_t* put_sized(std::uint8_t* at, const std::optional<Bytes>& bytes) {
  return bytes ? put_sized(at, ByteView(*bytes)) : put_varint(at, -1);
}

// Kafka's nullable bytes: length -1 is null.
std::optional<ByteView> read_nullable(VarintReader& reader) {
  const std::int32_t length = reader.varint();
  if (length == -1 || reader.failed()) return std::nullopt;
  if (length < 0) {
    reader.fail();
    return std::nullopt;
  }
  return reader.bytes(static_cast<std::size_t>(length));
}

}  // namespace

std::size_t encoded_size(const Record& record) {
  constexpr std::size_t kLongestTimeDelta = 10;
  constexpr std::size_t kLongestOffsetDelta = 3;  // zigzag of a delta below 2^20
  static_assert(kMaxBatchRecords <= std::size_t{1} << 20);
  return sized(fixed_size(record) + kLongestTimeDelta + kLongestOffsetDelta);
}

std::size_t records_size(const std::vector<Record>& records) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    size += sized(body_size(records[i], delta_of(records[i].timestamp, records[0].timestamp), i));
  }
  return size;
}

void write_records(const std::vector<Record>& records, std::span<std::uint8_t> out) {
  std::uint8_t* at = out.data();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    const std::int64_t time_delta = delta_of(record.timestamp, records[0].timestamp);
    at = put_varint(at, static_cast<std::int64_t>(body_size(record, time_delta, i)));
    *at++ = 0;  // attributes: none are defined
    at = put_varint(at, time_delta);
    at = put_varint(at, static_cast<std::int64_t>(i));
    at = put_sized(at, record.key);
    at = put_sized(at, record.value);
    at = put_varint(at, static_cast<std::int64_t>(record.headers.size()));
    for (const Header& header : record.headers) {
      at = put_sized(at, base::as_bytes(header.name));
      at = put_sized(at, header.value);
    }
  }
  SHOAL_ASSERT(at == out.data() + out.size());
}

Error RecordsReader::bad(std::string_view what) const {
  return {Code::unverified, "bad record batch: record " + std::to_string(records_read_) + ": " + std::string(what)};
}

Result<void> RecordsReader::next(RecordView& out) {
  const std::int32_t length = reader_.varint();
  if (reader_.failed() || length < 0) return bad("bad length");
  VarintReader body(reader_.bytes(static_cast<std::size_t>(length)));
  if (reader_.failed()) return bad("longer than the batch");
  if (body.byte() != 0) return bad("unknown attributes");
  out.timestamp = add_delta(info_.base_timestamp, body.varlong());
  if (const std::int32_t delta = body.varint(); delta < 0 || static_cast<std::uint32_t>(delta) != records_read_) {
    return bad("offset delta out of order");
  }
  out.offset = info_.base_offset + records_read_;
  out.key = read_nullable(body);
  out.value = read_nullable(body);
  SHOAL_CHECK(read_headers(body, out.headers));
  if (body.failed()) return bad("a field is longer than the record");
  if (body.remaining() != 0) return bad("bytes follow its last field");
  timestamps_.smallest = std::min(timestamps_.smallest, out.timestamp);
  timestamps_.largest = std::max(timestamps_.largest, out.timestamp);
  ++records_read_;
  return {};
}

Result<void> RecordsReader::read_headers(VarintReader& body, std::vector<RecordView::HeaderView>& out) {
  out.clear();
  const std::int32_t count = body.varint();
  if (count == 0) return {};
  // Both bounds come before the allocation.
  if (count < 0 || static_cast<std::size_t>(count) > body.remaining() / kSmallestHeader) return bad("bad header count");
  headers_read_ += static_cast<std::size_t>(count);
  if (headers_read_ > kMaxBatchHeaders) return bad("more than " + std::to_string(kMaxBatchHeaders) + " headers");
  out.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    const std::optional<ByteView> name = read_nullable(body);
    if (!name) return bad("bad header name");
    out.push_back({base::as_text(*name), read_nullable(body)});
  }
  return {};
}

Result<void> RecordsReader::finish() const {
  if (reader_.remaining() != 0) return bad("bytes follow the last record");
  if (timestamps_.largest != info_.max_timestamp) return bad("the largest timestamp is not the header's");
  return {};
}

}  // namespace shoal::record
