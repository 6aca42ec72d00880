#pragma once

#include "feed/format/block.h"
#include "feed/format/checkpoint.h"
#include "feed/log/stored_blocks.h"

#include <optional>
#include <vector>

namespace shoal::feed {

/// A block of one partition that is about to be stored.
struct ChainLink {
  BlockIndex block{0};
  BlockHeader header;
};

/// What is held of a partition, to check new blocks of it against.
struct ChainContext {
  const StoredBlocks* blocks = nullptr;
  std::optional<store::TopicNumber> topic;  ///< of its index rows; nullopt when nothing of it is held
  const LearnedEntry* learned = nullptr;    ///< its signed end, when one was proven
  const Checkpoint* head = nullptr;         ///< the accepted head
};

/// What a sparse reader can check of a partition's chain: it holds some headers and some signed ends, not all. Each of
/// the `fresh` headers (ascending) must fit its neighbours, held and new, and the signed end: previous block, base
/// offset, running largest time. Code::unverified when the feed's owner contradicts himself; the store's error else.
[[nodiscard]] Result<void> check_chain(const std::vector<ChainLink>& fresh, const ChainContext& held);

}  // namespace shoal::feed
