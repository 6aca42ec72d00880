#include <lz4frame.h>

#include <algorithm>
#include <memory>

#include "base/try.h"
#include "record/codecs.h"

namespace shoal::record {
namespace {

// What a block can give for its length: a match length byte adds 255.
constexpr std::size_t kLargestRatio = 255;

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

std::size_t largest_block(const LZ4F_frameInfo_t& info) {
  switch (info.blockSizeID) {
    case LZ4F_max256KB: return std::size_t{256} << 10;
    case LZ4F_max1MB: return std::size_t{1} << 20;
    case LZ4F_max4MB: return std::size_t{4} << 20;
    default: return std::size_t{64} << 10;
  }
}

// Counts the data blocks by their length fields ("LZ4 Frame Format Description", Data Blocks); 0 ends them. Damage is
// not reported here: the decoder finds it.
std::size_t count_blocks(ByteView blocks, bool with_checksums) {
  constexpr std::uint32_t kStoredBit = 0x80000000;
  std::size_t count = 0;
  while (blocks.size() >= 4) {
    const std::uint32_t field = static_cast<std::uint32_t>(blocks[0]) | static_cast<std::uint32_t>(blocks[1]) << 8 |
                                static_cast<std::uint32_t>(blocks[2]) << 16 |
                                static_cast<std::uint32_t>(blocks[3]) << 24;
    const std::size_t step = 4 + std::size_t{field & ~kStoredBit} + (with_checksums ? 4 : 0);
    if (field == 0 || step > blocks.size()) break;
    blocks = blocks.subspan(step);
    ++count;
  }
  return count;
}

// Room that is enough for a frame that tells the truth, so that the output never has to grow. Reads the frame's header
// and sets how long it was.
Result<std::size_t> room_for(LZ4F_dctx* decoder, ByteView packed, std::size_t& header_size, std::size_t limit) {
  LZ4F_frameInfo_t info = {};
  header_size = packed.size();
  const std::size_t status = LZ4F_getFrameInfo(decoder, &info, packed.data(), &header_size);
  if (LZ4F_isError(status) != 0) return malformed("lz4", LZ4F_getErrorName(status));
  if (info.contentSize > limit) return above_limit("lz4", limit);
  const bool with_checksums = info.blockChecksumFlag == LZ4F_blockChecksumEnabled;
  const std::size_t blocks = count_blocks(packed.subspan(header_size), with_checksums);
  std::size_t room = std::min({limit, blocks * largest_block(info), packed.size() * kLargestRatio});
  if (info.contentSize != 0) room = std::min(room, static_cast<std::size_t>(info.contentSize));
  return room;
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
  SHOAL_TRY(const std::size_t room, room_for(decoder.get(), packed, position, limit));
  Bytes out(room);
  std::size_t used = 0;
  std::uint8_t spare = 0;  // when `out` is full: lets a truthful frame end and finds one that has more
  for (;;) {
    const bool is_full = used == out.size();
    std::size_t written = is_full ? 1 : out.size() - used;
    std::size_t consumed = packed.size() - position;
    const std::size_t status = LZ4F_decompress(decoder.get(), is_full ? &spare : out.data() + used, &written,
                                               packed.data() + position, &consumed, nullptr);
    if (LZ4F_isError(status) != 0) return malformed("lz4", LZ4F_getErrorName(status));
    position += consumed;
    if (is_full && written > 0) {
      return room == limit ? above_limit("lz4", limit) : malformed("lz4", "the stated size is not true");
    }
    used += written;
    if (status == 0) break;
    if (written == 0 && consumed == 0) return malformed("lz4", "cut short");
  }
  if (position != packed.size()) return malformed("lz4", "bytes follow the frame");
  out.resize(used);
  if (out.capacity() / 2 > out.size()) out.shrink_to_fit();  // a last block may be far below its largest size
  return out;
}

}  // namespace shoal::record
