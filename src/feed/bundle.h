#pragma once

#include "feed/checkpoint.h"
#include "feed/feed_mirror.h"
#include "feed/feed_reader.h"

#include <filesystem>
#include <functional>

/// A feed in one file (docs/FORMAT.md, "Bundle"): the signed note, then headers, payloads and the covers that prove
/// them.
namespace shoal::feed {

struct BundleSummary {
  FeedId feed;
  Checkpoint head;
  std::uint64_t blocks = 0;
  std::uint64_t payloads = 0;
};

/// Writes everything held under the accepted head; a temporary file is renamed at the end. `progress(done, total)`
/// counts blocks here and bytes in read_bundle, may be empty, and stops with Code::cancelled by returning false.
/// Code::not_found when nothing is held, or when the accepted head is not proven here yet.
[[nodiscard]] Result<BundleSummary> write_bundle(const FeedReader& reader, const std::filesystem::path& file,
                                                 const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

/// Id, head (signature verified) and totals of a bundle (as it claims).
[[nodiscard]] Result<BundleSummary> inspect_bundle(const std::filesystem::path& file);

/// Feeds the bundle through `mirror`, whose log must be of the bundle's feed. One run in memory at a time; what was
/// accepted before an error stays, so a second call goes on. Code::unverified when anything does not prove.
[[nodiscard]] Result<BundleSummary> read_bundle(const std::filesystem::path& file, FeedMirror& mirror,
                                                const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace shoal::feed
