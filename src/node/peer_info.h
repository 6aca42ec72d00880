#pragma once

#include "replication/replicator.h"

#include <shoal/info.h>

namespace shoal::node {

/// What people see of a peer.
inline PeerInfo peer_info(const FeedId& feed, const replication::PeerView& peer) {
  PeerInfo info;
  info.feed = feed;
  info.address = peer.address.host_port;
  info.transport = peer.address.transport;
  info.outgoing = peer.address.outgoing;
  info.node_key = peer.node_key.hex();
  info.tree_size = peer.head ? peer.head->tree_size : 0;
  info.bytes_in = peer.bytes_in;
  info.bytes_out = peer.bytes_out;
  info.round_trip_us = peer.round_trip_us;
  return info;
}

}  // namespace shoal::node
