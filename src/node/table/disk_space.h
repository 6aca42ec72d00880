#pragma once

#include "feed/log/feed_log.h"
#include "store/kv_store.h"

namespace shoal::node {

// How the disk of dropped payloads is given back. Dropping deletes rows only: keys go with a compaction of their span,
// values with the file that they share with others, once it is written again. Any thread; each takes as long as the
// compaction.

/// Gives back what was pruned in `span`, and rewrites the store's payloads when that is worth it.
[[nodiscard]] Result<void> give_back_pruned(const feed::FeedLog& log, store::KvStore& store,
                                            const feed::BlockRange& span);
/// Rewrites the store's payloads when enough of their files is dead.
[[nodiscard]] Result<void> rewrite_if_worth(store::KvStore& store);
/// Writes all payloads again that share their files with dead ones.
[[nodiscard]] Result<void> rewrite_payloads(store::KvStore& store);

}  // namespace shoal::node
