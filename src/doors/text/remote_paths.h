#pragma once

#include "node/api/node_api.h"

#include <string>

namespace shoal::doors {

/// `/v1/feeds/{feed}` of docs/API.md, with the peer hints of the reference.
[[nodiscard]] std::string feed_path(const node::FeedReference& feed);
[[nodiscard]] std::string feed_path(const FeedId& feed);
/// `/v1/feeds/{feed}/cursors/{name}`
[[nodiscard]] std::string cursor_path(const FeedId& feed, const std::string& name);

}  // namespace shoal::doors
