#pragma once

#include "base/library_version.h"

namespace shoal::record {

/// The codecs' libraries. Any thread.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace shoal::record
