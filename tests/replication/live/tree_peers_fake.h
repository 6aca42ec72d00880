#pragma once

#include "replication/live/tree_peers.h"

#include <map>

namespace shoal::replication::testing {

/// Peers as a test says they are.
struct FakeTreePeers final : TreePeers {
  std::map<PeerId, TreePeer> peers;

  TreePeer& operator[](std::uint64_t id) {
    TreePeer& peer = peers[PeerId{id}];
    peer.id = PeerId{id};
    return peer;
  }
  void each(const std::function<void(const TreePeer&)>& visit) const override {
    for (const auto& [id, peer] : peers) visit(peer);
  }
  [[nodiscard]] std::optional<TreePeer> find(PeerId id) const override {
    const auto found = peers.find(id);
    return found == peers.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace shoal::replication::testing
