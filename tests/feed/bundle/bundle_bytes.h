#pragma once

#include "base/bytes.h"
#include "feed/bundle/bundle.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

/// Bundles as bytes and files, for tests.
namespace shoal::feed::testing {

inline Result<BundleSummary> write_bundle_bytes(const FeedReader& reader, Bytes& out,
                                                const BundleSelection& selection = {},
                                                const BundleProgress& progress = {}) {
  const auto sink = [&out](ByteView bytes) -> Result<void> {
    base::append(out, bytes);
    return {};
  };
  return write_bundle(reader, selection, sink, progress);
}

/// The file appears only when all went well.
inline Result<BundleSummary> write_bundle_file(const FeedReader& reader, const std::filesystem::path& file,
                                               const BundleSelection& selection = {},
                                               const BundleProgress& progress = {}) {
  Bytes bytes;
  auto written = write_bundle_bytes(reader, bytes, selection, progress);
  if (written.ok()) std::ofstream(file, std::ios::binary) << base::as_text(bytes);
  return written;
}

inline Bytes bytes_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

/// In pieces of `step` bytes.
inline ByteSource source_of(ByteView bytes, std::size_t step = 1000) {
  return [bytes, step, at = std::size_t{0}]() mutable -> Result<Bytes> {
    const ByteView piece = bytes.subspan(at, std::min(step, bytes.size() - at));
    at += piece.size();
    return Bytes(piece.begin(), piece.end());
  };
}

inline Result<BundleSummary> read_bundle_bytes(ByteView bytes, FeedMirror& mirror,
                                               const BundleProgress& progress = {}) {
  const ByteSource source = source_of(bytes);
  auto import = BundleImport::open(source);
  if (!import.ok()) return std::move(import).error();
  return import->run([&mirror](const auto& job) { return job(mirror); }, std::filesystem::temp_directory_path(),
                     progress);
}

inline Result<BundleSummary> read_bundle_file(const std::filesystem::path& file, FeedMirror& mirror,
                                              const BundleProgress& progress = {}) {
  return read_bundle_bytes(bytes_of_file(file), mirror, progress);
}

}  // namespace shoal::feed::testing
