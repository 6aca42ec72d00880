#pragma once

#include "store/kv_store.h"

#include <shoal/subscription.h>

#include <optional>
#include <string>

namespace shoal::node {

/// Durable cursors of named readers: rows of the logged store. Thread-safe, as the store is.
class CursorStore {
 public:
  explicit CursorStore(store::KvStore& store) : store_(&store) {}
  /// nullopt when there is none. Code::corrupt for a malformed row.
  [[nodiscard]] Result<std::optional<StoredCursor>> get(const FeedId& feed, const std::string& name) const;
  /// Durable on return.
  [[nodiscard]] Result<void> put(const FeedId& feed, const std::string& name, const StoredCursor& cursor);

 private:
  store::KvStore* store_;
};

}  // namespace shoal::node
