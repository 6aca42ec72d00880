#pragma once

#include "feed/bundle/bundle_frame.h"
#include "feed/bundle/bundle_summary.h"
#include "feed/bundle/byte_stream.h"
#include "feed/format/checkpoint.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// A feed, or a part of it, as a stream of bytes (docs/FORMAT.md, "Bundle"): the signed note, then headers, payloads
/// and the covers that prove them.
namespace shoal::feed {

/// What of a feed goes into a bundle.
struct BundleSelection {
  std::vector<std::string> topics = {};  ///< exact names; empty: all
  UnixMs from = kNoLowerTime;            ///< payloads of blocks that may hold records with time >= from …
  UnixMs before = kNoUpperTime;          ///< … and < before; the headers of the topics go along all the same
  std::uint64_t after_size = 0;          ///< only blocks from this tree size on
  std::uint64_t part_bytes = 0;          ///< split into bundles of at most this many bytes; 0: one bundle
};

/// Called now and then; stops with Code::cancelled by returning false. May be empty.
using BundleProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Writes what is held of the selection under the accepted head, in blocks: one bundle, or several one after the other
/// (see BundleSelection::part_bytes). Code::not_found when nothing is held from `after_size` on, or when the accepted
/// head is not proven here yet; Code::invalid_argument when a part cannot be as small as asked; the sink's errors.
[[nodiscard]] Result<BundleSummary> write_bundle(const FeedReader& reader, const BundleSelection& selection,
                                                 const ByteSink& sink, const BundleProgress& progress);

/// Takes bundles of one feed, one after the other, from a stream, in one pass: one run in memory at a time, everything
/// verified as it comes. What was accepted before an error stays, so a second import goes on. Confined to its caller.
class BundleImport {
 public:
  /// Reads the first note, whose signature is verified. `source` outlives the import.
  [[nodiscard]] static Result<BundleImport> open(const ByteSource& source);
  BundleImport(BundleImport&&) noexcept;
  ~BundleImport();

  [[nodiscard]] const FeedId& feed() const;
  [[nodiscard]] const Checkpoint& head() const;

  /// Runs a job on the mirror of feed() and waits for it; its own error when it cannot.
  using WithMirror = std::function<Result<void>(const std::function<Result<void>(FeedMirror&)>&)>;

  /// Once, to the end of the stream, which is read outside of `with_mirror`. A copy with holes that lies behind the
  /// bundle's head takes it only once that is proven to continue its own: blocks that come before wait in an unnamed
  /// file in `scratch`. Code::unverified when anything does not prove, Code::unavailable when the bundle does not show
  /// how its head and the one held here belong together, Code::fork. Progress counts bytes; the total is not known (0).
  [[nodiscard]] Result<BundleSummary> run(const WithMirror& with_mirror, const std::filesystem::path& scratch,
                                          const BundleProgress& progress);

 private:
  struct Impl;
  explicit BundleImport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::feed
