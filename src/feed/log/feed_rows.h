#pragma once

#include "store/keyspace.h"
#include "store/kv_store.h"

#include <shoal/types.h>

#include <optional>
#include <string_view>
#include <vector>

/// Where the rows of a feed lie, and the local number under which they do (docs/FORMAT.md, "Store").
namespace shoal::feed {

/// The two stores a feed's rows lie in: `heads` (write-ahead log) takes accepted heads, fork proofs and properties,
/// `blocks` the rest. Own feeds use the logged store for both.
struct FeedStores {
  store::KvStore* heads = nullptr;
  store::KvStore* blocks = nullptr;

  [[nodiscard]] bool one_store() const { return heads == blocks; }
};

/// The rows of one feed: its stores, and the number that begins the keys. A value type; the stores must outlive it.
struct FeedRows {
  FeedStores stores;
  FeedId id;
  store::FeedNumber number;

  /// Small named rows of the feed, in the store of heads. Any thread; the last write of a name stays.
  [[nodiscard]] Result<std::optional<Bytes>> property(std::string_view name) const;
  /// Writes the property, or erases it for nullopt. Not synced.
  [[nodiscard]] Result<void> set_property(std::string_view name, const std::optional<Bytes>& value) const;
};

/// The rows of `feed`; a feed that is new gets a number, synced. A number is never given twice, so rows that a crash
/// left behind cannot become another feed's. Code::corrupt for malformed numbers.
[[nodiscard]] Result<FeedRows> open_feed_rows(FeedStores stores, const FeedId& feed);
/// Feeds that have rows.
[[nodiscard]] Result<std::vector<FeedId>> list_feeds(store::KvStore& heads);
/// Removes every row of the feed from both stores, its cursors, groups and number, and gives the disk back. Synced.
/// Code::not_found when it has none.
[[nodiscard]] Result<void> remove_feed_rows(FeedStores stores, const FeedId& feed);
/// Moves all that the store of blocks holds of the feed into the store of heads: a mirrored feed becomes an own one.
/// What the store of heads has stays. A crash leaves them in both; the next call goes on.
[[nodiscard]] Result<void> move_block_rows(FeedStores stores, const FeedId& feed);
/// Erases the rows that are kept under `number` in one store, and gives their disk back. Not synced.
[[nodiscard]] Result<void> erase_rows(store::KvStore& store, store::FeedNumber number);

/// Code::corrupt with what a user can do about it.
[[nodiscard]] Error corrupt_feed(std::string_view what);

}  // namespace shoal::feed
