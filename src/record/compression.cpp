#include "record/compression.h"

#include <array>

#include "record/codecs.h"

namespace shoal::record {
namespace {

constexpr std::array<std::string_view, 5> kNames{"none", "gzip", "snappy", "lz4", "zstd"};

Error unknown_codec(Codec codec) {
  return {Code::unverified, "unknown compression codec " + std::to_string(static_cast<unsigned>(codec))};
}

}  // namespace

Error malformed(std::string_view codec, std::string_view what) {
  return {Code::unverified, "bad " + std::string(codec) + " data: " + std::string(what)};
}

Error above_limit(std::string_view codec, std::size_t limit) {
  return {Code::limit_exceeded, std::string(codec) + " data gives more than " + std::to_string(limit) + " bytes"};
}

Result<Codec> parse_codec(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Codec>(i);
  }
  return Error{Code::invalid_argument, "unknown compression codec '" + std::string(name) + "'",
               "use one of none, gzip, snappy, lz4, zstd"};
}

std::string_view codec_name(Codec codec) {
  const auto index = static_cast<std::size_t>(codec);
  return index < kNames.size() ? kNames[index] : "unknown";
}

Result<Bytes> compress(Codec codec, ByteView plain) {
  switch (codec) {
    case Codec::none: return Bytes(plain.begin(), plain.end());
    case Codec::gzip: return gzip_compress(plain);
    case Codec::snappy: return snappy_compress(plain);
    case Codec::lz4: return lz4_compress(plain);
    case Codec::zstd: return zstd_compress(plain);
  }
  return unknown_codec(codec);
}

Result<Bytes> decompress(Codec codec, ByteView packed, std::size_t limit) {
  switch (codec) {
    case Codec::none:
      if (packed.size() > limit) return above_limit("uncompressed", limit);
      return Bytes(packed.begin(), packed.end());
    case Codec::gzip: return gzip_decompress(packed, limit);
    case Codec::snappy: return snappy_decompress(packed, limit);
    case Codec::lz4: return lz4_decompress(packed, limit);
    case Codec::zstd: return zstd_decompress(packed, limit);
  }
  return unknown_codec(codec);
}

}  // namespace shoal::record
