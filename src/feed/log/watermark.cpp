#include "feed/log/watermark.h"

#include "base/try.h"
#include "feed/log/topic_index.h"

#include <algorithm>

namespace shoal::feed {

namespace {

/// Over the blocks of `known` that follow each other from `from` on.
Offset step_over(const std::map<Offset, Offset>& known, Offset from) {
  auto at = known.upper_bound(from);
  if (at != known.begin()) --at;
  for (; at != known.end() && at->first <= from; ++at) from = std::max(from, at->second);
  return from;
}

}  // namespace

Result<std::vector<RaisedWatermark>> find_raised_watermarks(const FeedRows& rows, const LogState& state,
                                                            const ReachedOffsets& reached) {
  std::vector<RaisedWatermark> out;
  for (const auto& [number, known] : reached) {
    const PartitionState& partition = state.partitions[number];
    Offset end = partition.high_watermark;
    while (end < partition.held_end) {
      if (const Offset next = step_over(known, end); next > end) {
        end = next;
        continue;
      }
      SHOAL_TRY(const auto row, find_offset(*rows.stores.blocks, rows.number, store::TopicNumber{number}, end));
      if (!row || row->base > end) break;
      if (!state.payloads.contains(row->block.value()) && !state.pruned.contains(row->block.value())) break;
      end = row->last + 1;
    }
    if (end != partition.high_watermark) out.push_back({number, end});
  }
  return out;
}

void raise_watermarks(LogState& state, const std::vector<RaisedWatermark>& raised) {
  for (const auto& [partition, high_watermark] : raised) state.partitions[partition].high_watermark = high_watermark;
}

}  // namespace shoal::feed
