#include "node/table/feed_service.h"

#include <tuple>

namespace shoal::node {

void FeedService::end(const FeedReference& feed, const std::shared_ptr<FeedHost>& host, const Error& why) const {
  open->retire(feed, host);
  if (swarm != nullptr) {
    discovery->remove(feed.feed);
    hub->forget(feed.feed);
    swarm->leave(replication::discovery_key(feed.feed));
  }
  // After everything that is queued on the strand.
  std::ignore = host->run([&] { host->replicator().close(why.message); });
  host->close_retired(why);
}

}  // namespace shoal::node
