#pragma once

#include "feed/format/block.h"
#include "feed/log/feed_rows.h"
#include "feed/log/shared_log_state.h"
#include "merkle/tree_math.h"

#include <vector>

namespace shoal::feed {

/// Looks up what is stored of a feed's blocks. Any thread, beside the one that changes the log; `state` must outlive
/// it.
class StoredBlocks {
 public:
  StoredBlocks(const FeedRows& rows, const SharedLogState& state) : rows_(rows), state_(state) {}

  /// Code::not_found when the header is not held.
  [[nodiscard]] Result<Bytes> header_bytes(BlockIndex block) const;
  [[nodiscard]] Result<BlockHeader> header(BlockIndex block) const;
  /// The payload row as stored; Code::not_found, Code::pruned, or Code::corrupt when it should be there. Not hashed.
  [[nodiscard]] Result<Bytes> payload(BlockIndex block) const;
  /// Subtree roots from tiles, unfinished edge, single rows and headers.
  [[nodiscard]] Result<std::vector<Digest>> tree_nodes(const std::vector<merkle::NodeId>& nodes) const;

  [[nodiscard]] const FeedRows& rows() const { return rows_; }

 private:
  FeedRows rows_;
  const SharedLogState& state_;
};

}  // namespace shoal::feed
