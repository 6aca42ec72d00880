#pragma once

#include "feed/log/feed_rows.h"
#include "feed/log/log_state.h"

#include <cstdint>
#include <vector>

namespace shoal::feed {

/// High watermarks that have to move, by partition number.
struct RaisedWatermark {
  std::uint32_t partition = 0;
  Offset high_watermark{0};
};

/// Finds how far each of the `partitions` now reaches without a gap: from its high watermark over all blocks whose
/// payload is held or pruned. Gives those that reach further than they did. The changing thread; reads index rows only.
/// Nothing is stored: a partition's row has the watermark of its last change, and the rest is found again.
[[nodiscard]] Result<std::vector<RaisedWatermark>> find_raised_watermarks(const FeedRows& rows, const LogState& state,
                                                                          const std::vector<std::uint32_t>& partitions);
void raise_watermarks(LogState& state, const std::vector<RaisedWatermark>& raised);

}  // namespace shoal::feed
