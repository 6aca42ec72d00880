#include "doors/text/remote_paths.h"

#include "doors/text/query.h"
#include "node/api/feed_link.h"

namespace shoal::doors {

std::string feed_path(const FeedId& feed) { return "/v1/feeds/" + feed.hex(); }

std::string feed_path(const node::FeedReference& feed) {
  if (feed.peer_hints.empty()) return feed_path(feed.feed);
  return "/v1/feeds/" + percent_encode(node::format_feed_link({feed.feed, "", feed.peer_hints}));
}

std::string cursor_path(const FeedId& feed, const std::string& name) {
  return feed_path(feed) + "/cursors/" + percent_encode(name);
}

}  // namespace shoal::doors
