#include "replication/live/core_tree_peers.h"

namespace shoal::replication {

TreePeer CoreTreePeers::facts(PeerId id, const Peer& peer) const {
  TreePeer out;
  out.id = id;
  out.round_trip = std::chrono::microseconds(peer.view.round_trip_us);
  out.announced = peer.head_size();
  out.notified = peer.notified_head ? peer.notified_head->tree_size : 0;
  out.askable = core_.may_ask(peer);
  out.child = peer.has_live_want;
  out.complete = peer.have.complete;
  out.gave = peer.view.blocks_in > 0;
  out.slow = peer.slow_until > core_.now();
  out.suspect = peer.suspect;
  return out;
}

void CoreTreePeers::each(const std::function<void(const TreePeer&)>& visit) const {
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone) visit(facts(id, *peer));
  }
}

std::optional<TreePeer> CoreTreePeers::find(PeerId id) const {
  const auto found = core_.peers().find(id);
  if (found == core_.peers().end() || found->second->gone) return std::nullopt;
  return facts(id, *found->second);
}

}  // namespace shoal::replication
