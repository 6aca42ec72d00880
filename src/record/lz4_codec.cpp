#include <lz4frame.h>

#include <memory>

#include "base/try.h"
#include "record/codecs.h"
#include "record/output_buffer.h"

namespace shoal::record {
namespace {

struct FreeDecoder {
  void operator()(LZ4F_dctx* decoder) const { LZ4F_freeDecompressionContext(decoder); }
};
using Decoder = std::unique_ptr<LZ4F_dctx, FreeDecoder>;

Decoder make_decoder() {
  LZ4F_dctx* decoder = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION)) != 0) return nullptr;
  return Decoder(decoder);
}

bool starts_with_frame(ByteView packed) {
  return packed.size() >= 4 && packed[0] == 0x04 && packed[1] == 0x22 && packed[2] == 0x4D && packed[3] == 0x18;
}

// The output size to start with. The frame may state one, but it is a claim: LZ4 gives at most 255 bytes for one.
Result<std::size_t> first_size(LZ4F_dctx* decoder, ByteView packed, std::size_t& consumed, std::size_t limit) {
  LZ4F_frameInfo_t info = {};
  consumed = packed.size();
  const std::size_t status = LZ4F_getFrameInfo(decoder, &info, packed.data(), &consumed);
  if (LZ4F_isError(status) != 0) return malformed("lz4", LZ4F_getErrorName(status));
  if (info.contentSize > limit) return above_limit("lz4", limit);
  if (info.contentSize == 0) return packed.size() * 4;
  if (info.contentSize / 255 > packed.size()) return malformed("lz4", "the stated size cannot be true");
  return static_cast<std::size_t>(info.contentSize);
}

}  // namespace

Result<Bytes> lz4_compress(ByteView plain) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.contentSize = plain.size();
  Bytes out(LZ4F_compressFrameBound(plain.size(), &preferences));
  const std::size_t size = LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences);
  if (LZ4F_isError(size) != 0)
    return Error{Code::io, std::string("lz4 could not compress: ") + LZ4F_getErrorName(size)};
  out.resize(size);
  return out;
}

Result<Bytes> lz4_decompress(ByteView packed, std::size_t limit) {
  if (!starts_with_frame(packed)) return malformed("lz4", "not an LZ4 frame");
  const Decoder decoder = make_decoder();
  if (!decoder) return Error{Code::io, "lz4 could not start (out of memory)"};
  std::size_t position = 0;
  SHOAL_TRY(const std::size_t first, first_size(decoder.get(), packed, position, limit));
  OutputBuffer out(first, limit);
  for (;;) {
    const std::span<std::uint8_t> room = out.room();
    std::size_t written = room.size();
    std::size_t consumed = packed.size() - position;
    const std::size_t status =
        LZ4F_decompress(decoder.get(), room.data(), &written, packed.data() + position, &consumed, nullptr);
    if (LZ4F_isError(status) != 0) return malformed("lz4", LZ4F_getErrorName(status));
    position += consumed;
    if (!out.advance(written)) return above_limit("lz4", limit);
    if (status == 0) break;
    if (written == 0 && consumed == 0) return malformed("lz4", "cut short");
  }
  if (position != packed.size()) return malformed("lz4", "bytes follow the frame");
  return std::move(out).take();
}

}  // namespace shoal::record
