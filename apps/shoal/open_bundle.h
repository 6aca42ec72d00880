#pragma once

#include "command.h"

#include "node/bundles/bundle_node.h"

#include <memory>
#include <string>

namespace shoal::command {

/// True for a file that begins as a bundle.
[[nodiscard]] bool is_bundle(const std::string& file);

/// The bundle and the parts beside it, read in place: no data directory is made or locked. A word on stderr when it is
/// one part of several that are not there.
[[nodiscard]] Result<std::shared_ptr<node::BundleNode>> open_bundle(Context& context, const std::string& file);

}  // namespace shoal::command
