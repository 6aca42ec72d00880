#pragma once

#include "base/library_version.h"

namespace shoal::swarm {

/// libtorrent. Any thread.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace shoal::swarm
