#pragma once

#include "feed/format/checkpoint.h"
#include "feed/log/log_stage.h"

#include <cstddef>
#include <cstdint>
#include <vector>

/// What the journal keeps of one small group (docs/FORMAT.md, "Journal"): enough to commit it again.
namespace shoal::feed {

struct CommitGroup {
  std::uint64_t first = 0;  ///< index of the first block: the tree size before the group
  Checkpoint head;
  struct Block {
    Bytes header;
    Bytes payload;
  };
  std::vector<Block> blocks;
};

/// Views of the blocks while they are being committed.
struct GroupBlockView {
  ByteView header;
  ByteView payload;
};

Bytes encode_group(std::uint64_t first, const Checkpoint& head, const std::vector<GroupBlockView>& blocks);
/// Bytes encode_group() will give.
std::size_t group_size(const std::vector<GroupBlockView>& blocks);
/// Structure and limits only; Code::corrupt.
[[nodiscard]] Result<CommitGroup> decode_group(ByteView bytes);

}  // namespace shoal::feed
