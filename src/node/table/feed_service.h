#pragma once

#include "node/api/feed_reference.h"
#include "node/network/discovery.h"
#include "node/network/peer_hub.h"
#include "node/table/open_feeds.h"
#include "swarm/swarm.h"

#include <memory>

namespace shoal::node {

/// What a node does for a feed that is open beside holding it: sessions and look-ups. Any thread.
struct FeedService {
  OpenFeeds* open = nullptr;
  PeerHub* hub = nullptr;
  swarm::Swarm* swarm = nullptr;              ///< null: offline
  std::shared_ptr<Discovery> discovery = {};  ///< null: offline

  /// Ends it for good. Whoever waits for the host, or finds it closed, gets `why`, of which sessions get the message.
  void end(const FeedReference& feed, const std::shared_ptr<FeedHost>& host, const Error& why) const;
};

}  // namespace shoal::node
