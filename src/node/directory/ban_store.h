#pragma once

#include "replication/session/ban_list.h"
#include "store/kv_store.h"

#include <vector>

namespace shoal::node {

/// The row of bans that a restart keeps (docs/FORMAT.md, "Store"): node-wide, in the store of own feeds. An unreadable
/// row is Code::corrupt; nothing but bans is lost with it.
[[nodiscard]] Result<std::vector<replication::BanList::Saved>> load_bans(const store::KvStore& own);
[[nodiscard]] Result<void> save_bans(store::KvStore& own, const std::vector<replication::BanList::Saved>& bans);

}  // namespace shoal::node
