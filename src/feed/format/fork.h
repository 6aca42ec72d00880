#pragma once

#include "feed/format/checkpoint.h"
#include "merkle/right_edge.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shoal::feed {

/// Two heads of one epoch, both signed by the feed's key, that cannot belong to one tree (docs/FORMAT.md, "Fork
/// proof"): self-contained, at most 4 KiB, verifiable offline.
struct ForkProof {
  FeedId feed;
  Checkpoint shorter;  ///< tree_size <= longer.tree_size
  Checkpoint longer;
  std::vector<merkle::Digest> edge;   ///< the longer head's right edge at shorter.tree_size; empty when sizes are equal
  std::vector<merkle::Digest> cover;  ///< cover(shorter.tree_size, longer.tree_size)
};

inline constexpr std::size_t kMaxForkProofSize = 4096;

Bytes encode_fork_proof(const ForkProof& proof);
[[nodiscard]] Result<ForkProof> decode_fork_proof(ByteView bytes);
/// Ok when it proves a fork: both signatures good, one epoch, and (a) equal sizes with different root or topic state,
/// or (b) edge and cover lead to the longer root and the edge's own root is not the shorter root. Code::unverified.
[[nodiscard]] Result<void> verify_fork_proof(const ForkProof& proof);

/// No block from here on is common to the two histories: the shorter head's size when only the topic states differ, one
/// less otherwise. Where below it they part, the proof does not tell.
[[nodiscard]] std::uint64_t common_prefix_limit(const ForkProof& proof);

/// The proof that `a` and `b` conflict, or nullopt when they agree. `tree` holds the tree of the longer one;
/// Code::not_found when it lacks nodes that are needed.
[[nodiscard]] Result<std::optional<ForkProof>> find_fork(const FeedId& feed, const Checkpoint& a, const Checkpoint& b,
                                                         const merkle::HashReader& tree);

}  // namespace shoal::feed
