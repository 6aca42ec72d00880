#pragma once

#include "command.h"
#include "node_session.h"

#include <filesystem>
#include <vector>

namespace shoal::command {

/// Takes in the parts of one bundle, in their order, with progress on stderr. Code::cancelled after ctrl-C.
[[nodiscard]] Result<node::BundleSummary> import_parts(Context& context, NodeSession& session,
                                                       const std::vector<std::filesystem::path>& parts);

}  // namespace shoal::command
