#pragma once

#include "replication/live/tail_peers.h"
#include "replication/peers/replicator_core.h"

#include <functional>
#include <optional>

namespace shoal::replication {

/// The replicator's peers as the live tail's decisions see them.
class TailView final : public TailPeers {
 public:
  explicit TailView(const ReplicatorCore& core) : core_(core) {}
  void each(const std::function<void(const TailPeer&)>& visit) const override;
  [[nodiscard]] std::optional<TailPeer> find(PeerId id) const override;

 private:
  [[nodiscard]] TailPeer facts(PeerId id, const Peer& peer) const;
  const ReplicatorCore& core_;
};

}  // namespace shoal::replication
