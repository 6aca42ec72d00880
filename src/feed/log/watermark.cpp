#include "feed/log/watermark.h"

#include "base/try.h"
#include "feed/log/topic_index.h"

namespace shoal::feed {

Result<std::vector<RaisedWatermark>> find_raised_watermarks(const FeedRows& rows, const LogState& state,
                                                            const std::vector<std::uint32_t>& partitions) {
  std::vector<RaisedWatermark> out;
  for (const std::uint32_t number : partitions) {
    const PartitionState& partition = state.partitions[number];
    Offset reached = partition.high_watermark;
    while (reached < partition.held_end) {
      SHOAL_TRY(const auto row, find_offset(*rows.stores.blocks, rows.number, store::TopicNumber{number}, reached));
      if (!row || row->base > reached) break;
      if (!state.payloads.contains(row->block.value()) && !state.pruned.contains(row->block.value())) break;
      reached = row->last + 1;
    }
    if (reached != partition.high_watermark) out.push_back({number, reached});
  }
  return out;
}

void raise_watermarks(LogState& state, const std::vector<RaisedWatermark>& raised) {
  for (const auto& [partition, high_watermark] : raised) state.partitions[partition].high_watermark = high_watermark;
}

}  // namespace shoal::feed
