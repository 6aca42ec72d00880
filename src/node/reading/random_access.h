#pragma once

#include "node/feeds/feed_host.h"

#include <shoal/node.h>

#include <string>

namespace shoal::node {

/// See Node::get().
[[nodiscard]] Result<Records> read_range(FeedHost& host, const GetRequest& request, const Wait& wait);
/// See Node::prove(): fetches the block when it must.
[[nodiscard]] Result<std::string> prove_record(FeedHost& host, const GetRequest& request, const Wait& wait);

}  // namespace shoal::node
