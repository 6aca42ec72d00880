#pragma once

#include "store/kv_store.h"

#include <shoal/types.h>

#include <cstdint>
#include <filesystem>

namespace shoal::store {

/// Version of what this build writes into a store (docs/FORMAT.md, "Store"). It grows with every change that an older
/// build would misread.
inline constexpr std::uint32_t kSchemaVersion = 2;

/// Looks at the store's version file before the store is opened, so that a newer store is not touched.
/// Code::unsupported for a newer version (names both), Code::corrupt when the file is unreadable. A store of the first
/// version has no file.
[[nodiscard]] Result<void> check_schema_file(const std::filesystem::path& directory);
/// Writes the version file, synced, unless it is there.
[[nodiscard]] Result<void> write_schema_file(const std::filesystem::path& directory);

/// Writes the version row into a store that was just created, durably; checks it in one that was there before, and
/// takes a store of an older version over. Code::unsupported for a newer version (names both), Code::corrupt when an
/// old store has no readable version row.
[[nodiscard]] Result<void> ensure_schema(KvStore& store, bool created);
/// Checks the version row of a store that is only read; one of an older version is read as it is. Errors as above.
[[nodiscard]] Result<void> check_schema(const KvStore& store);

}  // namespace shoal::store
