#pragma once

#include "base/library_version.h"

namespace shoal::node {

/// Those of all floors. Any thread.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace shoal::node
