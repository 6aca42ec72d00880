#pragma once

#include <string>
#include <vector>

namespace shoal {

/// A library of others that this process runs with, as it names its own version.
struct LibraryVersion {
  std::string name;
  std::string version;
};
using LibraryVersions = std::vector<LibraryVersion>;

}  // namespace shoal
