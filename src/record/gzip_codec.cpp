#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "record/codecs.h"

namespace shoal::record {
namespace {

// 15 is deflate's largest window; 16 on top asks zlib for the gzip wrapper and nothing else (no zlib, no raw form).
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;
// Header, empty deflate block, trailer.
constexpr std::size_t kSmallestMember = 10 + 2 + 8;
// Deflate gives at most 258 bytes for two bits.
constexpr std::size_t kLargestRatio = 1032;

class Deflater {
 public:
  Deflater()
      : ready_(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK) {}
  ~Deflater() {
    if (ready_) deflateEnd(&stream);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  [[nodiscard]] bool ready() const { return ready_; }

  z_stream stream{};

 private:
  bool ready_;
};

class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream, kGzipWindowBits) == Z_OK) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  [[nodiscard]] bool ready() const { return ready_; }

  z_stream stream{};

 private:
  bool ready_;
};

bool fits_zlib(std::size_t size) { return size <= std::numeric_limits<uInt>::max(); }

// zlib's interface predates const; it does not write to its input.
Bytef* input_of(ByteView bytes) { return const_cast<Bytef*>(bytes.data()); }

}  // namespace

Result<Bytes> gzip_compress(ByteView plain) {
  Deflater deflater;
  if (!deflater.ready()) return Error{Code::io, "zlib could not start (out of memory)"};
  z_stream& stream = deflater.stream;
  Bytes out(deflateBound(&stream, plain.size()));
  if (!fits_zlib(plain.size()) || !fits_zlib(out.size())) return above_limit("gzip", std::numeric_limits<uInt>::max());
  stream.next_in = input_of(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return Error{Code::io, "zlib could not compress"};
  out.resize(out.size() - stream.avail_out);
  return out;
}

// A member ends with its plain size modulo 2^32 (RFC 1952 section 2.3.1), which inflate() checks. It is a claim until
// then, but as nothing may follow the member it is known beforehand: one allocation, never growth, never above `limit`.
Result<Bytes> gzip_decompress(ByteView packed, std::size_t limit) {
  if (packed.size() < kSmallestMember || !fits_zlib(packed.size())) return malformed("gzip", "not a gzip member");
  const ByteView tail = packed.last(4);
  const std::size_t size =
      std::size_t{tail[3]} << 24 | std::size_t{tail[2]} << 16 | std::size_t{tail[1]} << 8 | tail[0];
  if (size / kLargestRatio > packed.size()) return malformed("gzip", "the stated size cannot be true");

  Inflater inflater;
  if (!inflater.ready()) return Error{Code::io, "zlib could not start (out of memory)"};
  z_stream& stream = inflater.stream;
  stream.next_in = input_of(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  const auto inflate_to = [&stream](std::span<std::uint8_t> room) {
    stream.next_out = room.data();
    stream.avail_out = static_cast<uInt>(room.size());
    return inflate(&stream, Z_FINISH);
  };
  Bytes out(std::min(size, limit));
  int status = out.empty() ? Z_BUF_ERROR : inflate_to(out);
  if (status == Z_BUF_ERROR && stream.avail_out == 0) {
    std::array<std::uint8_t, 1> spare{};  // lets a truthful member end and finds one that has more
    status = inflate_to(spare);
    if (stream.avail_out == 0) {
      return size > limit ? above_limit("gzip", limit) : malformed("gzip", "the stated size is not true");
    }
  }
  if (status == Z_BUF_ERROR) return malformed("gzip", "cut short");
  if (status != Z_STREAM_END) return malformed("gzip", stream.msg != nullptr ? stream.msg : "not a gzip member");
  if (stream.avail_in != 0) return malformed("gzip", "bytes follow the member");
  out.resize(stream.total_out);
  return out;
}

}  // namespace shoal::record
