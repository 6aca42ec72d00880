#pragma once

#include <shoal/result.h>

#include <filesystem>
#include <string>

namespace shoal::feed {

/// Names the place of a data directory: machine id and inodes of the directory and of its journal file. Moving
/// the directory keeps it; a copy, a restored backup or another machine changes it. Code::io.
[[nodiscard]] Result<std::string> directory_marker(const std::filesystem::path& directory,
                                                   const std::filesystem::path& journal);

}  // namespace shoal::feed
