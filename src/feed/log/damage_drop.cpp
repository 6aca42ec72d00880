#include "feed/log/damage_drop.h"

#include "base/try.h"
#include "feed/log/have_rows.h"
#include "feed/log/log_rows.h"

#include <utility>

namespace shoal::feed {

Result<bool> drop_damaged_block(const StoredBlocks& blocks, SharedLogState& shared, BlockIndex block) {
  const LogState& state = shared.unlocked();
  const std::uint64_t index = block.value();
  if (!state.payloads.contains(index)) return false;
  const FeedRows& rows = blocks.rows();
  store::WriteBatch batch;
  RangeSet held;
  const std::uint64_t chunk = index - index % kHaveChunk;
  for (const BlockRange& run : state.payloads.runs(chunk, chunk + kHaveChunk)) held.add(run);
  held.remove(index, index + 1);
  put_have_range(batch, rows.number, HaveSet::payloads, held, index, index + 1);
  // Without its header it is not known whose watermark it was; the block comes back with both.
  std::optional<std::pair<std::uint32_t, PartitionState>> changed;
  if (const auto header = blocks.header(block)) {
    if (const auto number = state.number_of(header->stream)) {
      PartitionState partition = state.partitions[*number];
      partition.lose_payload(*header);
      put_partition(batch, rows.number, *number, partition, state.topics.get());
      changed.emplace(*number, std::move(partition));
    }
  }
  SHOAL_CHECK(rows.stores.blocks->write(batch, store::Sync::no));
  shared.change([&](LogState& shown) {
    shown.payloads.remove(index, index + 1);
    ++shown.payload_changes;
    if (changed) shown.partitions[changed->first] = std::move(changed->second);
  });
  return true;
}

}  // namespace shoal::feed
