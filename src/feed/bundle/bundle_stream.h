#pragma once

#include "crypto/hash.h"
#include "feed/bundle/bundle_frame.h"
#include "feed/bundle/byte_stream.h"

#include <cstddef>
#include <cstdint>
#include <vector>

/// Frames of bundles as they come and go in streams of bytes.
namespace shoal::feed {

/// Writes bundles one after the other. Confined to its caller.
class FrameWriter {
 public:
  explicit FrameWriter(const ByteSink& sink) : sink_(&sink) {}

  [[nodiscard]] Result<void> begin_bundle();
  [[nodiscard]] Result<void> add(FrameType type, ByteView body);
  /// A run whose payloads follow its head.
  [[nodiscard]] Result<void> add_run(ByteView head, const std::vector<Bytes>& payloads);
  /// The last frame: `end` and the digest of all.
  [[nodiscard]] Result<void> finish_bundle(const BundleEnd& end);
  /// Bytes of the bundle at hand.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  [[nodiscard]] Result<void> write(ByteView bytes);

  const ByteSink* sink_;
  crypto::Sha256 digest_;
  std::uint64_t size_ = 0;
};

/// Reads bundles one after the other, one frame in memory at a time. Confined to its caller.
class FrameReader {
 public:
  explicit FrameReader(const ByteSource& source) : source_(&source) {}

  /// Takes the magic of the next bundle; false at the end of the bytes. Code::unverified for something else.
  [[nodiscard]] Result<bool> next_bundle();
  /// The next frame's type; its body is body(). Code::unverified when the bytes end inside it, or when the end's digest
  /// is not that of the bundle.
  [[nodiscard]] Result<FrameType> next();
  /// Of the last next(); valid until the following one.
  [[nodiscard]] ByteView body() const { return body_; }
  /// Bytes taken so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  /// Appends `size` bytes to `out`; false when the source ends before the first of them.
  [[nodiscard]] Result<bool> take(std::size_t size, Bytes& out);

  const ByteSource* source_;
  Bytes chunk_;
  std::size_t used_ = 0;  // of chunk_
  Bytes body_;
  crypto::Sha256 digest_;
  std::uint64_t position_ = 0;
};

}  // namespace shoal::feed
