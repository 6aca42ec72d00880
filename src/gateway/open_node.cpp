#include "gateway/open_node.h"

namespace shoal::gateway {

Result<std::shared_ptr<node::NodeApi>> open_node(NodeOptions options) { return node::open_node(std::move(options)); }

}  // namespace shoal::gateway
