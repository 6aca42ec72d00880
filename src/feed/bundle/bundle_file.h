#pragma once

#include "feed/bundle/bundle_frame.h"
#include "feed/format/checkpoint.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace shoal::feed {

/// A file of bundles that is read at any place. Movable; const calls from any thread.
class BundleFile {
 public:
  /// Code::not_found, Code::io, or Code::unverified for a file that does not begin as a bundle of this version.
  [[nodiscard]] static Result<BundleFile> open(const std::filesystem::path& file);
  BundleFile(BundleFile&& other) noexcept;
  BundleFile& operator=(BundleFile&&) = delete;
  ~BundleFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Fills `out`. Code::unverified when the file ends before, Code::io.
  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  [[nodiscard]] Result<Bytes> read(std::uint64_t offset, std::size_t size) const;

 private:
  BundleFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
};

/// Where a frame's body lies.
struct FramePlace {
  FrameType type = FrameType::end;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

/// Walks the frames of a file, bundle after bundle, without reading what it passes. Confined to its caller.
class FrameWalk {
 public:
  explicit FrameWalk(const BundleFile& file) : file_(&file) {}
  /// Over the magic of the next bundle; false at the end of the file.
  [[nodiscard]] Result<bool> next_bundle();
  [[nodiscard]] Result<FramePlace> next();

 private:
  const BundleFile* file_;
  std::uint64_t position_ = 0;
};

/// What one bundle says of itself: the note's signature is verified, nothing else.
struct BundleFacts {
  FeedId feed;
  Checkpoint head;
  std::uint64_t base = 0;
  BundleEnd end;
};

/// Every bundle in the file, in order. Code::unverified when one is cut short.
[[nodiscard]] Result<std::vector<BundleFacts>> inspect_bundles(const std::filesystem::path& file);

/// The file of part `number` (from 0) of a bundle that was split: FILE, FILE.001, …
[[nodiscard]] std::filesystem::path bundle_part(const std::filesystem::path& file, std::size_t number);
/// `file` and the parts beside it, up to the first that is not there.
[[nodiscard]] std::vector<std::filesystem::path> bundle_parts(const std::filesystem::path& file);

}  // namespace shoal::feed
