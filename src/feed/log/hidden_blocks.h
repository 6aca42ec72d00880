#pragma once

#include "feed/log/have_rows.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <shoal/types.h>

namespace shoal::feed {

/// Blocks of a mirrored feed that are stored and not shown, because no accepted head covers them: the head that did was
/// lost. They are kept, and count again once an accepted head proves them (FeedMirror). Their header and payload rows
/// stay in place; index rows they have none.
struct HiddenBlocks {
  RangeSet headers;
  RangeSet payloads;

  [[nodiscard]] bool empty() const { return headers.empty() && payloads.empty(); }
  void remove(const BlockRange& blocks) {
    headers.remove(blocks);
    payloads.remove(blocks);
  }
};

[[nodiscard]] Result<HiddenBlocks> load_hidden(const store::KvStore& store, store::FeedNumber feed);
/// Takes blocks that are `shown` out of `hidden` and its rows: their payloads may be dropped like others.
[[nodiscard]] Result<void> forget_shown(store::KvStore& store, store::FeedNumber feed, const RangeSet& shown,
                                        HiddenBlocks& hidden);
/// Rewrites all rows of the two sets.
void put_hidden(store::WriteBatch& batch, store::FeedNumber feed, const HiddenBlocks& before, const HiddenBlocks& now);

}  // namespace shoal::feed
