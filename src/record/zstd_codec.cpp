#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>

#include "record/codecs.h"

namespace shoal::record {
namespace {

constexpr int kLevel = 3;

struct FreeDecoder {
  void operator()(ZSTD_DCtx* decoder) const { ZSTD_freeDCtx(decoder); }
};

// A frame, not a skippable one; RFC 8878 section 3.1.1.
bool starts_with_frame(ByteView packed) {
  return packed.size() >= 4 && packed[0] == 0x28 && packed[1] == 0xB5 && packed[2] == 0x2F && packed[3] == 0xFD;
}

}  // namespace

Result<Bytes> zstd_compress(ByteView plain) {
  Bytes out(ZSTD_compressBound(plain.size()));
  const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), kLevel);
  if (ZSTD_isError(size) != 0)
    return Error{Code::io, std::string("zstd could not compress: ") + ZSTD_getErrorName(size)};
  out.resize(size);
  return out;
}

// One call into a buffer that doubles, not a stream: a stream would allocate the window the frame asks for (up to
// 128 MiB), here the output is the window. At worst everything is decompressed twice.
Result<Bytes> zstd_decompress(ByteView packed, std::size_t limit) {
  if (!starts_with_frame(packed)) return malformed("zstd", "not a zstd frame");
  const std::size_t frame_size = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
  if (ZSTD_isError(frame_size) != 0) return malformed("zstd", ZSTD_getErrorName(frame_size));
  if (frame_size != packed.size()) return malformed("zstd", "bytes follow the frame");
  const unsigned long long stated = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (stated == ZSTD_CONTENTSIZE_ERROR) return malformed("zstd", "bad frame header");
  const bool is_stated = stated != ZSTD_CONTENTSIZE_UNKNOWN;
  if (is_stated && stated > limit) return above_limit("zstd", limit);

  const std::unique_ptr<ZSTD_DCtx, FreeDecoder> decoder(ZSTD_createDCtx());
  if (!decoder) return Error{Code::io, "zstd could not start (out of memory)"};
  std::size_t room = is_stated ? static_cast<std::size_t>(stated) : std::max<std::size_t>(packed.size() * 4, 4096);
  for (;;) {
    room = std::min(room, limit);
    Bytes out(room);
    const std::size_t size = ZSTD_decompressDCtx(decoder.get(), out.data(), out.size(), packed.data(), packed.size());
    if (ZSTD_isError(size) == 0) {
      out.resize(size);
      return out;
    }
    if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) return malformed("zstd", ZSTD_getErrorName(size));
    if (is_stated) return malformed("zstd", "the stated size is not true");
    if (room == limit) return above_limit("zstd", limit);
    room *= 2;
  }
}

}  // namespace shoal::record
