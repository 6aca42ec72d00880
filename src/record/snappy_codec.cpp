#include <snappy.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "record/codecs.h"

namespace shoal::record {
namespace {

// snappy-java's SnappyOutputStream ("xerial"): this magic, u32 version, u32 oldest version that can read it, then
// blocks of u32 length and a raw snappy block; all big-endian.
constexpr std::array<std::uint8_t, 8> kMagic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0x00};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kPlainBlockSize = 32 * 1024;
// A copy element of 3 bytes gives at most 64.
constexpr std::size_t kLargestRatio = 22;

const char* text(ByteView bytes) { return base::as_text(bytes).data(); }

// The size a raw block says it has, believed only as far as its own length allows.
Result<std::size_t> stated_size(ByteView block) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(text(block), block.size(), &size)) return malformed("snappy", "bad block length");
  if (size / kLargestRatio > block.size()) return malformed("snappy", "the stated size cannot be true");
  return size;
}

Result<Bytes> decompress_raw(ByteView packed, std::size_t limit) {
  SHOAL_TRY(const std::size_t size, stated_size(packed));
  if (size > limit) return above_limit("snappy", limit);
  Bytes out(size);
  if (!snappy::RawUncompress(text(packed), packed.size(), reinterpret_cast<char*>(out.data()))) {
    return malformed("snappy", "bad block");
  }
  return out;
}

// The sum of the blocks' stated sizes; also checks the framing, so a second pass may trust it.
Result<std::size_t> xerial_size(ByteView blocks, std::size_t limit) {
  base::WireReader reader(blocks);
  std::size_t total = 0;
  while (reader.remaining() > 0) {
    const std::size_t length = reader.u32();
    const ByteView block = reader.bytes(length);
    if (!reader.ok()) return malformed("snappy", "cut short");
    SHOAL_TRY(const std::size_t size, stated_size(block));
    if (size > limit - total) return above_limit("snappy", limit);
    total += size;
  }
  return total;
}

Result<Bytes> decompress_xerial(ByteView packed, std::size_t limit) {
  base::WireReader reader(packed);
  reader.bytes(kMagic.size());
  const std::uint32_t version = reader.u32();
  const std::uint32_t oldest_reader = reader.u32();
  if (!reader.ok() || version < kVersion || oldest_reader > kVersion) return malformed("snappy", "bad xerial header");
  SHOAL_TRY(const std::size_t total, xerial_size(packed.subspan(kHeaderSize), limit));
  Bytes out(total);
  std::size_t used = 0;
  while (reader.remaining() > 0) {
    const std::size_t length = reader.u32();
    const ByteView block = reader.bytes(length);
    if (!snappy::RawUncompress(text(block), block.size(), reinterpret_cast<char*>(out.data()) + used)) {
      return malformed("snappy", "bad block");
    }
    SHOAL_TRY(const std::size_t size, stated_size(block));
    used += size;
  }
  return out;
}

}  // namespace

Result<Bytes> snappy_compress(ByteView plain) {
  base::WireWriter header(kHeaderSize);
  header.bytes(kMagic);
  header.u32(kVersion);
  header.u32(kVersion);
  Bytes out = std::move(header).take();
  out.reserve(kHeaderSize + plain.size() / 2);
  Bytes block(snappy::MaxCompressedLength(kPlainBlockSize));
  while (!plain.empty()) {
    const ByteView next = plain.first(std::min(plain.size(), kPlainBlockSize));
    plain = plain.subspan(next.size());
    std::size_t size = 0;
    snappy::RawCompress(text(next), next.size(), reinterpret_cast<char*>(block.data()), &size);
    for (unsigned shift = 32; shift > 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(size >> (shift - 8)));
    base::append(out, ByteView(block).first(size));
  }
  return out;
}

Result<Bytes> snappy_decompress(ByteView packed, std::size_t limit) {
  const bool is_xerial = packed.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), packed.begin());
  return is_xerial ? decompress_xerial(packed, limit) : decompress_raw(packed, limit);
}

}  // namespace shoal::record
