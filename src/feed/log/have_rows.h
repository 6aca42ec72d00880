#pragma once

#include "feed/format/range_set.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <cstdint>
#include <vector>

/// How the sets of held blocks are stored (docs/FORMAT.md, "Store"): one row for each 8,192 positions that hold
/// something, as runs or as a bitmap, whichever is shorter. So a commit rewrites at most 1 KiB a set, and opening reads
/// no blocks.
namespace shoal::feed {

inline constexpr std::uint64_t kHaveChunk = 8192;

enum class HaveSet : char { headers = 'h', payloads = 'p', pruned = 'x' };

/// Rewrites the rows that the `added` positions (ascending) lie in, for `set` with those positions added.
void put_have_rows(store::WriteBatch& batch, store::FeedNumber feed, HaveSet which, const RangeSet& set,
                   const std::vector<std::uint64_t>& added);
/// Rewrites every row that [begin, end) touches from `set` as it is.
void put_have_range(store::WriteBatch& batch, store::FeedNumber feed, HaveSet which, const RangeSet& set,
                    std::uint64_t begin, std::uint64_t end);
/// Reads the set back, from its rows alone: nothing depends on how large the feed claims to be. Code::corrupt.
[[nodiscard]] Result<RangeSet> load_have_set(const store::KvStore& store, store::FeedNumber feed, HaveSet which);

}  // namespace shoal::feed
