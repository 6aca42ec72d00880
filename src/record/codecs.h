#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <string_view>

/// One compressor and one reader for each codec, used by compression.cpp only. Every reader accepts exactly one
/// stream (gzip member, LZ4 frame, zstd frame, raw snappy block or xerial stream) that ends with the input: bytes
/// behind it, or a second stream, are Code::unverified. So every reader of a feed sees the same records.
namespace shoal::record {

[[nodiscard]] Result<Bytes> gzip_compress(ByteView plain);
[[nodiscard]] Result<Bytes> gzip_decompress(ByteView packed, std::size_t limit);

/// Writes xerial framing (what Kafka's Java client expects), reads it and the raw block format.
[[nodiscard]] Result<Bytes> snappy_compress(ByteView plain);
[[nodiscard]] Result<Bytes> snappy_decompress(ByteView packed, std::size_t limit);

/// Writes independent 64 KiB blocks: Kafka's Java client reads no linked ones.
[[nodiscard]] Result<Bytes> lz4_compress(ByteView plain);
[[nodiscard]] Result<Bytes> lz4_decompress(ByteView packed, std::size_t limit);

[[nodiscard]] Result<Bytes> zstd_compress(ByteView plain);
[[nodiscard]] Result<Bytes> zstd_decompress(ByteView packed, std::size_t limit);

/// The two ways in which reading fails.
Error malformed(std::string_view codec, std::string_view what);
Error above_limit(std::string_view codec, std::size_t limit);

}  // namespace shoal::record
