#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoal::record {

/// Bits 0-2 of a batch's attributes (Kafka's protocol guide, "Record batch").
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// `none`, `gzip`, `snappy`, `lz4` or `zstd`; Code::invalid_argument otherwise.
[[nodiscard]] Result<Codec> parse_codec(std::string_view name);
std::string_view codec_name(Codec codec);

/// Compresses as Kafka clients expect it: gzip member, xerial-framed snappy, LZ4 frame, zstd frame.
[[nodiscard]] Result<Bytes> compress(Codec codec, ByteView plain);

/// Gives back the plain bytes; raw and xerial snappy are both read. Exactly one stream that ends with `packed`. Never
/// allocates more than `limit` bytes of output: Code::limit_exceeded when the data would give more, Code::unverified
/// when it is malformed.
[[nodiscard]] Result<Bytes> decompress(Codec codec, ByteView packed, std::size_t limit);

}  // namespace shoal::record
