#pragma once

#include "feed/bundle_frame.h"

#include <filesystem>

namespace shoal::feed {

/// Writes a bundle's frames to a temporary file beside `target`, which commit() syncs and renames. Without commit() the
/// temporary file goes away. Confined to its caller.
class BundleFileWriter {
 public:
  [[nodiscard]] static Result<BundleFileWriter> create(const std::filesystem::path& target);
  BundleFileWriter(BundleFileWriter&& other) noexcept;
  BundleFileWriter& operator=(BundleFileWriter&&) = delete;
  ~BundleFileWriter();

  [[nodiscard]] Result<void> add(FrameType type, ByteView body);
  /// Code::io or Code::no_space, as all of these functions.
  [[nodiscard]] Result<void> commit();

 private:
  BundleFileWriter(int descriptor, std::filesystem::path target, std::filesystem::path temporary);
  [[nodiscard]] Result<void> write(ByteView bytes);

  int descriptor_;
  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty once renamed
};

/// Reads a bundle's frames one by one, one body in memory at a time. Confined to its caller.
class BundleFileReader {
 public:
  /// Checks the magic. Code::not_found, Code::io, or Code::unverified for a file that is no bundle of this version.
  [[nodiscard]] static Result<BundleFileReader> open(const std::filesystem::path& file);
  BundleFileReader(BundleFileReader&& other) noexcept;
  BundleFileReader& operator=(BundleFileReader&&) = delete;
  ~BundleFileReader();

  /// The next frame's type; its body is body(). Code::unverified when the file ends inside it.
  [[nodiscard]] Result<FrameType> next();
  /// Of the last next(); valid until the following one.
  [[nodiscard]] ByteView body() const { return body_; }
  /// Totals that end the file, read out of turn. Code::unverified when the file does not end with them.
  [[nodiscard]] Result<BundleTotals> totals() const;

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool at_end() const { return position_ == size_; }

 private:
  BundleFileReader(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  [[nodiscard]] Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;

  int descriptor_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  Bytes body_;
};

}  // namespace shoal::feed
