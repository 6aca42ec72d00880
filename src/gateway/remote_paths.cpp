#include "gateway/remote_paths.h"

#include "gateway/query.h"
#include "node/feed_link.h"

namespace shoal::gateway {

std::string feed_path(const FeedId& feed) { return "/v1/feeds/" + feed.hex(); }

std::string feed_path(const node::FeedReference& feed) {
  if (feed.peer_hints.empty()) return feed_path(feed.feed);
  return "/v1/feeds/" + percent_encode(node::format_feed_link({feed.feed, "", feed.peer_hints}));
}

std::string cursor_path(const FeedId& feed, const std::string& name) {
  return feed_path(feed) + "/cursors/" + percent_encode(name);
}

}  // namespace shoal::gateway
