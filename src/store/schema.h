#pragma once

#include "store/kv_store.h"

#include <shoal/types.h>

#include <cstdint>

namespace shoal::store {

/// Version of what this build writes into a store (docs/FORMAT.md, "Store"). It grows with every change that an older
/// build would misread.
inline constexpr std::uint32_t kSchemaVersion = 1;

/// Writes the version row into a store that was just created, durably; checks it in one that was there before.
/// Code::unsupported for another version (names both), Code::corrupt when an old store has no readable version row.
[[nodiscard]] Result<void> ensure_schema(KvStore& store, bool created);

}  // namespace shoal::store
