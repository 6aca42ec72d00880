#include "feed/bundle/bundle_stream.h"

#include "base/bytes.h"
#include "base/try.h"

#include <algorithm>

// Frames over a stream without seeking (standard input, a pipe, a socket): the writer hashes as it writes, so the
// digest at the end covers all of it; the reader hashes as it reads and gives frames out before it knows the digest.
// That is safe since each run carries its own proof: the digest only tells a file that was cut or damaged from a whole
// one.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

/// A body grows by this much at a time, so that a size that lies costs no memory.
constexpr std::size_t kStep = std::size_t{256} << 10;

}  // namespace

Result<void> FrameWriter::write(ByteView bytes) {
  digest_.update(bytes);
  size_ += bytes.size();
  return (*sink_)(bytes);
}

Result<void> FrameWriter::begin_bundle() {
  digest_ = crypto::Sha256();
  size_ = 0;
  return write(base::as_bytes(kBundleMagic));
}

Result<void> FrameWriter::add(FrameType type, ByteView body) {
  Bytes frame = encode_frame_header(type, body.size());
  base::append(frame, body);
  return write(frame);
}

Result<void> FrameWriter::add_run(ByteView head, const std::vector<Bytes>& payloads) {
  std::size_t size = head.size();
  for (const Bytes& payload : payloads) size += payload.size();
  Bytes frame = encode_frame_header(FrameType::run, size);
  base::append(frame, head);
  SHOAL_CHECK(write(frame));
  for (const Bytes& payload : payloads) {
    if (!payload.empty()) SHOAL_CHECK(write(payload));
  }
  return {};
}

Result<void> FrameWriter::finish_bundle(const BundleEnd& end) {
  const Bytes body = encode_end(end);
  Bytes frame = encode_frame_header(FrameType::end, body.size() + kBundleDigestSize);
  base::append(frame, body);
  SHOAL_CHECK(write(frame));
  const crypto::Digest digest = digest_.finish();
  size_ += digest.bytes.size();
  return (*sink_)(digest.bytes);
}

Result<bool> FrameReader::take(std::size_t size, Bytes& out) {
  out.clear();
  while (out.size() < size) {
    if (used_ == chunk_.size()) {
      SHOAL_TRY(chunk_, (*source_)());
      used_ = 0;
      if (chunk_.empty()) {
        if (out.empty()) return false;
        return bad("cut short");
      }
    }
    const std::size_t step = std::min({size - out.size(), chunk_.size() - used_, kStep});
    base::append(out, ByteView(chunk_).subspan(used_, step));
    used_ += step;
    position_ += step;
  }
  return true;
}

Result<bool> FrameReader::next_bundle() {
  SHOAL_TRY(const bool more, take(kBundleMagic.size(), body_));
  if (!more) return false;
  if (base::as_text(body_) != kBundleMagic) return bad("no bundle that this version reads");
  digest_ = crypto::Sha256();
  digest_.update(body_);
  return true;
}

Result<FrameType> FrameReader::next() {
  SHOAL_TRY(const bool more, take(kFrameHeaderSize, body_));
  if (!more) return bad("cut short");
  digest_.update(body_);
  SHOAL_TRY(const FrameHeader frame, decode_frame_header(body_));
  SHOAL_TRY(const bool whole, take(frame.size, body_));
  if (!whole && frame.size > 0) return bad("cut short");
  if (frame.type != FrameType::end) {
    digest_.update(body_);
    return frame.type;
  }
  if (body_.size() < kBundleDigestSize) return bad("malformed end");
  const ByteView hashed = ByteView(body_).first(body_.size() - kBundleDigestSize);
  digest_.update(hashed);
  const crypto::Digest digest = digest_.finish();
  if (!std::ranges::equal(digest.bytes, ByteView(body_).last(kBundleDigestSize))) {
    return bad("its bytes are not those that were written");
  }
  return frame.type;
}

}  // namespace shoal::feed
