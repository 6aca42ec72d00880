#pragma once

#include "command.h"

#include "node/bundles/bundle_node.h"

#include <memory>
#include <string>

namespace shoal::command {

/// True for a file that begins like a bundle.
[[nodiscard]] bool is_bundle(const std::string& file);

/// The bundle and the parts beside it, read in place: no data directory is made or locked. Prints a notice when
/// other parts of it are missing.
[[nodiscard]] Result<std::shared_ptr<node::BundleNode>> open_bundle(Context& context, const std::string& file);

}  // namespace shoal::command
