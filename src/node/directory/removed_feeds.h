#pragma once

#include "feed/format/checkpoint.h"
#include "store/kv_store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Own feeds that were removed here although their key stays: rows of the logged store (docs/FORMAT.md, "Store"). While
/// there is one, the key signs nothing in this directory: without the feed's blocks every signature could begin a
/// second history.
namespace shoal::node {

struct RemovedFeed {
  FeedId feed;
  bool done = false;            ///< its rows are gone; else a crash came between
  std::uint64_t tree_size = 0;  ///< newest head that was signed, as far as it was known
  crypto::Digest root;
};

[[nodiscard]] Result<std::optional<RemovedFeed>> find_removed(const store::KvStore& own, const FeedId& feed);
/// All of them.
[[nodiscard]] Result<std::vector<RemovedFeed>> list_removed(const store::KvStore& own);
/// Durable when it returns.
[[nodiscard]] Result<void> put_removed(store::KvStore& own, const RemovedFeed& removed);
/// Code::unsafe_to_sign, in words.
[[nodiscard]] Error removed_error(const std::string& name, const RemovedFeed& removed);

}  // namespace shoal::node
