#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shoal {

/// What of a feed stays on this disk. Payloads that are dropped leave their headers and the tree behind, so that what
/// stays is still proven. Zero means without a bound.
struct Retention {
  std::chrono::milliseconds keep{0};  ///< payloads older than this (append time) are dropped
  std::uint64_t max_bytes{0};         ///< payload bytes of this feed
  std::map<std::string, std::chrono::milliseconds> keep_topics = {};  ///< instead of `keep`, by topic

  bool operator==(const Retention&) const = default;  ///< of all fields
};

/// What a mirror keeps of somebody else's feed.
struct MirrorOptions {
  std::vector<std::string> topics = {};  ///< names or globs; empty: everything
  std::chrono::milliseconds keep{0};     ///< payloads older than this (append time) are dropped; 0: never
  /// Budget of the whole data directory, as du counts, everything included; the oldest payloads of all mirrored feeds
  /// go first, own feeds never. The smallest of all mirrors holds. 0: none.
  std::uint64_t max_bytes{0};

  bool operator==(const MirrorOptions&) const = default;  ///< of all fields
};

}  // namespace shoal
