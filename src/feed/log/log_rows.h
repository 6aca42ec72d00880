#pragma once

#include "feed/log/log_state.h"

#include <cstdint>
#include <optional>

/// Bytes of the log's own rows (docs/FORMAT.md, "Store"). Readers give Code::corrupt.
namespace shoal::feed {

/// Summary of a feed's block rows, written with every commit.
struct StateRow {
  FeedId feed;  ///< guards against rows of another feed under a number given twice
  std::uint64_t header_prefix = 0;
  std::uint64_t applied = 0;
  merkle::RightEdge edge;  ///< at header_prefix
};

Bytes state_key(store::FeedNumber feed);
Bytes encode_state_row(const StateRow& row);
[[nodiscard]] Result<StateRow> decode_state_row(ByteView bytes);

/// Puts the row of the partition with this number, with its entry of `topics` when it has a position there (null: no
/// partition has one).
void put_partition(store::WriteBatch& batch, store::FeedNumber feed, std::uint32_t number,
                   const PartitionState& partition, const TopicState* topics);
/// A partition's row; `entry` is its topic-state entry when it has a position.
Bytes encode_partition(const PartitionState& partition, const TopicStateEntry* entry);
struct PartitionRow {
  PartitionState partition;
  std::optional<TopicStateEntry> entry;
};
[[nodiscard]] Result<PartitionRow> decode_partition(ByteView bytes);

/// The right edge at the accepted head, beside the head.
Bytes head_edge_key(store::FeedNumber feed);
Bytes encode_edge(const merkle::RightEdge& edge);
[[nodiscard]] Result<merkle::RightEdge> decode_edge(ByteView bytes);

}  // namespace shoal::feed
