#pragma once

#include "feed/format/block.h"
#include "feed/log/shared_log_state.h"
#include "feed/log/stored_blocks.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace shoal::feed {

/// What a pruning dropped.
struct Pruned {
  std::uint64_t payloads = 0;
  std::uint64_t bytes = 0;
  BlockRange span;                           ///< from the first to past the last of them
  std::optional<UnixMs> newest_append_time;  ///< of the blocks, those without a payload included
};

/// Drops payloads of one log: from the held sets, and log starts move behind them. Headers and tree stay,
/// so what remains is still proven. `blocks` and `state` are those of the log and must outlive it.
class LogPruner {
 public:
  LogPruner(const StoredBlocks& blocks, SharedLogState& state) : blocks_(blocks), state_(state) {}

  /// Drops the payloads of `blocks` (ascending), or says of payloads that never came that they will not be held.
  /// Manifests and blocks without a header are passed over. The blocks must be the oldest of their partitions that are
  /// held: log starts move behind them. reclaim() gives the disk back. The changing thread.
  [[nodiscard]] Result<Pruned> prune(const std::vector<BlockIndex>& blocks);
  /// prune() of every payload held before `end`, and reclaim(). The changing thread.
  [[nodiscard]] Result<void> prune_before(BlockIndex end);
  /// Gives the disk of payloads that are not held in `span` back, but for a table that is mostly held. Any thread,
  /// beside all else; takes as long as the tables that are partly held take to be written again.
  [[nodiscard]] Result<void> reclaim(const BlockRange& span) const;

 private:
  struct Change {
    RangeSet marked;                                     ///< all that count as pruned from here on
    RangeSet dropped;                                    ///< those of them that had a payload
    std::map<std::uint32_t, PartitionState> partitions;  ///< as they will be, by number
  };

  [[nodiscard]] Result<void> add(BlockIndex block, Change& change, Pruned& result) const;
  [[nodiscard]] store::WriteBatch rows_of(const Change& change) const;
  [[nodiscard]] Result<void> write(const Change& change);

  const StoredBlocks& blocks_;
  SharedLogState& state_;
};

}  // namespace shoal::feed
