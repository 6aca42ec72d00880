#pragma once

#include "feed/log/shared_log_state.h"
#include "feed/log/stored_blocks.h"

namespace shoal::feed {

/// Takes a block whose rows are damaged out of the set of held payloads, durably with the next sync: so nothing claims
/// to hold it, and it is fetched again. The partition's high watermark goes back to it. False when it was not held. The
/// changing thread; `blocks` and `state` are those of the log.
[[nodiscard]] Result<bool> drop_damaged_block(const StoredBlocks& blocks, SharedLogState& state, BlockIndex block);

}  // namespace shoal::feed
