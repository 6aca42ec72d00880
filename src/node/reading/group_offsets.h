#pragma once

#include "node/api/batch_api.h"
#include "store/kv_store.h"

#include <shoal/types.h>

#include <string>
#include <vector>

namespace shoal::node {

/// Keeps where consumer groups read on: rows of the logged store (docs/FORMAT.md, "Store"). A copy is the same store.
/// Thread-safe.
class GroupOffsets {
 public:
  explicit GroupOffsets(store::KvStore& store) : store_(&store) {}

  /// Stores all or none, with the time `now`; durable when it returns. Code::invalid_argument for an empty or too long
  /// name of a group, an illegal topic, a negative partition or offset; Code::limit_exceeded for metadata above
  /// GroupOffset::kMaxMetadata.
  [[nodiscard]] Result<void> put(const FeedId& feed, const std::string& group, const std::vector<GroupOffset>& offsets,
                                 UnixMs now);
  /// By partition; empty for a group that is not known.
  [[nodiscard]] Result<std::vector<GroupOffset>> get(const FeedId& feed, const std::string& group) const;
  /// Groups that have offsets.
  [[nodiscard]] Result<std::vector<std::string>> groups(const FeedId& feed) const;
  /// Code::not_found for a group that is not known.
  [[nodiscard]] Result<void> erase(const FeedId& feed, const std::string& group);

 private:
  store::KvStore* store_;
};

}  // namespace shoal::node
