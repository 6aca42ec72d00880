#include "feed/log/log_state.h"

#include <algorithm>

namespace shoal::feed {

void PartitionState::note_header(const BlockHeader& header, BlockIndex block) {
  if (last_held && *last_held >= block) return;
  last_held = block;
  held_end = header.next_offset();
  largest_held = header.running_largest_time;
}

void PartitionState::note_payload(const BlockHeader& header) {
  payload_bytes += header.payload_size;
  if (high_watermark == header.base_offset) high_watermark = header.next_offset();
}

void PartitionState::lose_payload(const BlockHeader& header) {
  payload_bytes -= std::min<std::uint64_t>(payload_bytes, header.payload_size);
  high_watermark = std::max(log_start, std::min(high_watermark, header.base_offset));
}

}  // namespace shoal::feed
