#pragma once

#include "replication/live/tail_peers.h"

#include <map>

namespace shoal::replication::testing {

/// Peers as a test says they are.
struct FakeTailPeers final : TailPeers {
  std::map<PeerId, TailPeer> peers;

  TailPeer& operator[](std::uint64_t id) {
    TailPeer& peer = peers[PeerId{id}];
    peer.id = PeerId{id};
    return peer;
  }
  void each(const std::function<void(const TailPeer&)>& visit) const override {
    for (const auto& [id, peer] : peers) visit(peer);
  }
  [[nodiscard]] std::optional<TailPeer> find(PeerId id) const override {
    const auto found = peers.find(id);
    return found == peers.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace shoal::replication::testing
