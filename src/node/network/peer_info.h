#pragma once

#include "replication/peers/peer_view.h"

#include <shoal/info.h>

#include <chrono>

namespace shoal::node {

/// The peer as it is shown to users. Both clocks are read: the peer's start is known by the monotonic one only.
inline PeerInfo peer_info(const FeedId& feed, const replication::PeerView& peer, const base::Clock& clock) {
  PeerInfo info;
  info.feed = feed;
  info.address = peer.address.host_port;
  info.transport = peer.address.transport;
  info.outgoing = peer.address.outgoing;
  info.node_key = peer.node_key.hex();
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(clock.mono_now() - peer.since);
  info.since = clock.wall_now() - age.count();
  info.tree_size = peer.head ? peer.head->tree_size : 0;
  info.complete = peer.complete;
  info.held_begin = peer.held.begin.value();
  info.held_end = peer.held.end.value();
  info.bytes_in = peer.bytes_in;
  info.bytes_out = peer.bytes_out;
  info.rate_in = peer.rate_in;
  info.rate_out = peer.rate_out;
  info.round_trip_us = peer.round_trip_us;
  info.suspect = peer.suspect;
  return info;
}

}  // namespace shoal::node
