#pragma once

#include "base/library_version.h"

namespace shoal::crypto {

/// libsodium and OpenSSL. Any thread.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace shoal::crypto
