#pragma once

#include "base/log_sink.h"
#include "feed/format/fork.h"

#include <filesystem>
#include <mutex>
#include <optional>

namespace shoal::node {

/// The file that holds the proof of one feed's fork, for people to pass on: `DIR/forks/<feed id>.fork`, bytes as in
/// docs/FORMAT.md. It outlives the feed's removal, so that the fork is not forgotten with it.
class ForkFile {
 public:
  ForkFile(const std::filesystem::path& directory, const FeedId& feed);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// What it holds, when that proves a fork of this feed.
  [[nodiscard]] std::optional<feed::ForkProof> read() const;
  /// Makes the file when it is missing or holds something else, whole or not at all. Any thread.
  [[nodiscard]] Result<void> keep(ByteView proof) const;

 private:
  /// At most one byte more than a proof may have; empty without a file.
  [[nodiscard]] Bytes content() const;

  std::filesystem::path path_;
  FeedId feed_;
  mutable std::mutex writing_;  ///< the unfinished file has one name
};

}  // namespace shoal::node
