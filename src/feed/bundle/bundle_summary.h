#pragma once

#include "feed/format/checkpoint.h"

#include <shoal/types.h>

#include <cstdint>

namespace shoal::feed {

/// What a bundle that was written or taken in holds.
struct BundleSummary {
  FeedId feed;
  Checkpoint head;
  std::uint64_t blocks = 0;
  std::uint64_t payloads = 0;
  /// Selected blocks that are signed, not pruned, and not there, or there without their payload. Of an import: 0.
  std::uint64_t lacking = 0;
};

}  // namespace shoal::feed
