#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "record/batch_header.h"
#include "record/crc32c.h"
#include "record/record_batch.h"

#include <array>
#include <initializer_list>

namespace shoal::record {

inline constexpr std::array kAllCodecs{Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
inline constexpr std::array kCompressing{Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

inline Bytes bytes_of(std::string_view text) {
  const ByteView view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

inline Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Bytes out(size);
  random.fill(out);
  return out;
}

inline void put_u32(Bytes& batch, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) batch[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

/// Makes length and CRC true again after a test has changed the rest: what a hostile sender would do.
inline void reseal(Bytes& batch) {
  put_u32(batch, 8, static_cast<std::uint32_t>(batch.size() - 12));
  put_u32(batch, 17, crc32c(ByteView(batch).subspan(21)));
}

/// A batch with a true header around any records section, all timestamps 0.
inline Bytes batch_around(ByteView section, std::uint32_t record_count, Codec codec = Codec::none) {
  Bytes batch(kBatchHeaderSize);
  base::append(batch, section);
  BatchInfo info;
  info.codec = codec;
  info.record_count = record_count;
  write_batch_header(batch, info);
  return batch;
}

/// Records of every shape; compressible, with times out of order.
inline std::vector<Record> mixed_records(std::size_t count) {
  std::vector<Record> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    Record& record = records[i];
    record.timestamp = UnixMs(1'500'000'000'000 + static_cast<std::int64_t>(i * 7919 % 1000) - 500);
    if (i % 3 != 0) record.key = i % 3 == 1 ? Bytes{} : bytes_of("key " + std::to_string(i));
    if (i % 5 != 0) record.value = i % 5 == 1 ? Bytes{} : bytes_of("a value that repeats itself " + std::to_string(i));
    if (i % 4 == 0) record.headers = {{"null", std::nullopt}, {"", Bytes{}}, {"trace", Bytes{0x00, 0xFF}}};
  }
  return records;
}

inline std::vector<Record> copies(const DecodedBatch& batch) {
  std::vector<Record> out;
  for (const RecordView& view : batch.records()) out.push_back(view.copy());
  return out;
}

}  // namespace shoal::record
