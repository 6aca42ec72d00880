#pragma once

#include "store/kv_store.h"

#include <shoal/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace shoal::store {

/// Version of what this build writes into a store (docs/FORMAT.md, "Store"). It grows with every change that an older
/// build would misread.
inline constexpr std::uint32_t kSchemaVersion = 2;

/// The version in the store's version file; looked at before the store is opened, so that a newer store is not touched.
/// Code::unsupported for a newer version (names both). nullopt without a file, which a store of the first version has
/// not, and when it is damaged: the version is in a row, too.
[[nodiscard]] Result<std::optional<std::uint32_t>> read_schema_file(const std::filesystem::path& directory);
/// Writes the version file, synced, unless it says this version.
[[nodiscard]] Result<void> write_schema_file(const std::filesystem::path& directory);

/// Checks the version row of a store, and takes a store of an older version over, durably. A row that was lost is
/// written again when `known` tells the version: of the version file, or because the store was just created.
/// Code::unsupported for a newer version (names both), Code::corrupt when nothing tells it and there are rows.
[[nodiscard]] Result<void> ensure_schema(KvStore& store, std::optional<std::uint32_t> known);
/// The same for a store that is only read; one of an older version is read as it is.
[[nodiscard]] Result<void> check_schema(const KvStore& store, std::optional<std::uint32_t> known);

}  // namespace shoal::store
