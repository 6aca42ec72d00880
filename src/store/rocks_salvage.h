#pragma once

#include <shoal/result.h>

#include <filesystem>

namespace shoal::store {

/// Makes a store at `to`, which does not exist, from what can be read of the damaged one at `from`. Nothing in `from`
/// changes: tables are linked, not copied, where the file system can. Rows are lost without a word here, so the caller
/// compares with what else is known. On failure `to` is gone again. Reads every table once.
[[nodiscard]] Result<void> salvage_rocks_store(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace shoal::store
