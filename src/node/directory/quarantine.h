#pragma once

#include <shoal/result.h>

#include <filesystem>

namespace shoal::node {

/// Puts a damaged file or directory of a data directory aside, for whoever wants to look at it: it is renamed to
/// `NAME.damaged-N`, with the first N from 1 that is free. Durable; gives the new path. Nothing here deletes it.
[[nodiscard]] Result<std::filesystem::path> set_aside(const std::filesystem::path& damaged);

}  // namespace shoal::node
