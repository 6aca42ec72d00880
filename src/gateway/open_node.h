#pragma once

#include "node/node_api.h"

namespace shoal::gateway {

/// The node of `options.data_dir`: opened in this process, which then serves its socket, or, when another process has
/// the directory, that process over its socket (see NodeOptions::attach). Code::in_use names a process that has the
/// directory and does not answer.
[[nodiscard]] Result<std::shared_ptr<node::NodeApi>> open_node(NodeOptions options);

}  // namespace shoal::gateway
