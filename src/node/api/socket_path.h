#pragma once

#include <shoal/result.h>

#include <filesystem>

namespace shoal::node {

/// Where the socket of a data directory is: `DIR/node.sock`, or its stand-in below $XDG_RUNTIME_DIR when that is longer
/// than a socket address holds. Code::invalid_argument when neither fits; the hint says what to do.
[[nodiscard]] Result<std::filesystem::path> socket_path(const std::filesystem::path& data_dir);

}  // namespace shoal::node
