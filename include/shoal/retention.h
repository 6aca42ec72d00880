#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace shoal {

/// What of a feed stays on this disk. Payloads that are dropped leave their headers and the tree behind, so that what
/// stays is still proven. Zero means without a bound.
struct Retention {
  std::chrono::milliseconds keep{0};  ///< payloads older than this (append time) are dropped
  std::uint64_t max_bytes{0};         ///< payload bytes of this feed
  std::map<std::string, std::chrono::milliseconds> keep_topics = {};  ///< instead of `keep`, by topic

  bool operator==(const Retention&) const = default;
};

}  // namespace shoal
