#pragma once

#include "replication/live/tree_peers.h"
#include "replication/peers/replicator_core.h"

#include <functional>
#include <optional>

namespace shoal::replication {

/// The replicator's peers as TreePeer facts. On the feed's executor; `core` outlives it.
class CoreTreePeers final : public TreePeers {
 public:
  explicit CoreTreePeers(const ReplicatorCore& core) : core_(core) {}
  void each(const std::function<void(const TreePeer&)>& visit) const override;
  [[nodiscard]] std::optional<TreePeer> find(PeerId id) const override;

 private:
  [[nodiscard]] TreePeer facts(PeerId id, const Peer& peer) const;
  const ReplicatorCore& core_;
};

}  // namespace shoal::replication
