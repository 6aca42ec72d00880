#pragma once

#include "base/library_version.h"

namespace shoal::store {

/// RocksDB. Any thread.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace shoal::store
