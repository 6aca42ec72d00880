#pragma once

#include "feed/log/feed_rows.h"
#include "feed/log/log_state.h"

#include <cstdint>
#include <map>
#include <vector>

namespace shoal::feed {

/// High watermarks that have to move, by partition number.
struct RaisedWatermark {
  std::uint32_t partition = 0;
  Offset high_watermark{0};
};

/// Per partition number: [base offset, end offset) of blocks whose payload is held or pruned.
using ReachedOffsets = std::map<std::uint32_t, std::map<Offset, Offset>>;

/// Finds how far each partition in `reached` now reaches without a gap: from its high watermark over all blocks whose
/// payload is held or pruned. Gives those that reach further than they did. The changing thread.
///
/// A block that follows the watermark is found in `reached`; the index rows are read only where blocks behind a hole
/// are held. Nothing is stored: a partition's row has the watermark of its last change, and the rest is found again.
[[nodiscard]] Result<std::vector<RaisedWatermark>> find_raised_watermarks(const FeedRows& rows, const LogState& state,
                                                                          const ReachedOffsets& reached);
void raise_watermarks(LogState& state, const std::vector<RaisedWatermark>& raised);

}  // namespace shoal::feed
