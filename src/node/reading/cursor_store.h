#pragma once

#include "node/api/batch_api.h"
#include "store/kv_store.h"

#include <shoal/subscription.h>
#include <shoal/types.h>

#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// Keeps durable cursors: rows of the logged store (docs/FORMAT.md, "Store"). A copy is the same store. Thread-safe.
class CursorStore {
 public:
  explicit CursorStore(store::KvStore& store) : store_(&store) {}
  /// Code::corrupt for a damaged row.
  [[nodiscard]] Result<std::optional<StoredCursor>> get(const FeedId& feed, const std::string& name) const;
  [[nodiscard]] Result<void> put(const FeedId& feed, const std::string& name, const StoredCursor& cursor);
  /// Stores only when the present token is `expected` (empty: when there is none); else Code::already_exists, and the
  /// hint names the present one.
  [[nodiscard]] Result<void> put_if(const FeedId& feed, const std::string& name, const std::string& expected,
                                    const StoredCursor& cursor);
  /// Code::not_found when there is none.
  [[nodiscard]] Result<void> erase(const FeedId& feed, const std::string& name);
  /// By name.
  [[nodiscard]] Result<std::vector<NamedCursor>> list(const FeedId& feed) const;

 private:
  store::KvStore* store_;
};

}  // namespace shoal::node
