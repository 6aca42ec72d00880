#pragma once

#include "replication/live/core_tree_peers.h"
#include "replication/live/live_children.h"
#include "replication/peers/replicator_core.h"
#include "replication/serve/served_want.h"
#include "replication/serve/upload_pacer.h"

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace shoal::replication {

/// Serves the wants of all peers: lazily, as each peer's credit and queue allow, live ones first, the others in turn.
class WantServer {
 public:
  static constexpr std::size_t kMaxWantsPerPeer = 16;
  /// No more than this waits for one peer before we stop reading blocks for it.
  static constexpr std::size_t kQueueLimit = std::size_t{192} << 10;

  WantServer(ReplicatorCore& core, const TreePeers& peers);

  void on_want(PeerId id, Peer& peer, const Want& want);
  void on_credit(PeerId id, Peer& peer, const Credit& credit);
  void on_cancel(PeerId id, const Cancel& cancel);
  void forget(PeerId id);
  /// Sends what the peer's queue has room for.
  void pump(PeerId id);
  /// Sheds live wants above what this node likes to serve, one at a time.
  void tick();
  /// New blocks or a new head: live wants go on.
  void pump_all();

 private:
  void note_live(PeerId id);
  using Wants = std::vector<std::unique_ptr<ServedWant>>;
  /// False when the want has nothing to send now.
  bool send_next(Peer& peer, Wants& wants, std::size_t index);

  /// Peers but this one that are being given large new blocks.
  [[nodiscard]] std::size_t uploads(PeerId but) const;

  ReplicatorCore& core_;
  LiveChildren children_;
  UploadPacer pacer_;
  std::map<PeerId, Wants> wants_;
  PayloadCache payloads_;
};

}  // namespace shoal::replication
