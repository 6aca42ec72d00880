#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/topic_state.h"
#include "feed/write/commit_group.h"
#include "merkle/right_edge.h"

#include <vector>

namespace shoal::feed {

/// A flipped bit between hashing and signing must not become a signed head: everything that the head states of the
/// group is computed again from the bytes that will be stored. Without it one bad memory cell makes a block that nobody
/// can ever verify or read, under a signature that cannot be taken back. `before` is the tree that the blocks extend,
/// `topics` the state that was signed. Code::corrupt.
[[nodiscard]] Result<void> check_own_group(const FeedId& feed, const Checkpoint& signed_head, merkle::RightEdge before,
                                           const std::vector<GroupBlockView>& blocks, const TopicState& topics);

}  // namespace shoal::feed
