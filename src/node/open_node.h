#pragma once

#include "node/api/node_api.h"

#include <memory>

namespace shoal::node {

/// Opens the data directory in this process.
[[nodiscard]] Result<std::shared_ptr<NodeApi>> open_node(NodeOptions options);

}  // namespace shoal::node
