#pragma once

#include "replication/peers/replicator_core.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace shoal::replication {

/// Which of two connections between one pair of nodes has to go. Nodes that dial each other at the same time, or find
/// each other on several ways, end up with one connection without a word about it: both keep the one that the node with
/// the smaller key dialled. Of two that the same side dialled, the dialler closes the newer one; the other side waits
/// for that, because the older one may be the ghost of a node that started again.
enum class Duplicate : std::uint8_t { keep_both, close_older, close_newer };
[[nodiscard]] Duplicate judge_duplicate(const PublicKey& own_key, const PeerView& older, const PeerView& newer);

/// Closes what is not needed of several connections with one node. The older of two may be dead without anybody having
/// noticed (the other machine moved to another network, a translator forgot it), and a node that dials again has
/// reason to: before the newer one is closed, the older one shows that it lives.
class DuplicatePeers {
 public:
  /// `closed` is told of what was closed here.
  DuplicatePeers(ReplicatorCore& core, std::function<void(PeerId)> closed) : core_(core), closed_(std::move(closed)) {}

  void on_added(Peer& added);
  void tick();

 private:
  /// The newer one goes when the older one is heard after `since`, the older one when it becomes a suspect.
  struct Doubt {
    PeerId older;
    PeerId newer;
    base::MonoTime since{0};
  };

  [[nodiscard]] bool settled(const Doubt& doubt);
  void close(Peer& peer);

  ReplicatorCore& core_;
  std::function<void(PeerId)> closed_;
  std::vector<Doubt> doubts_;
};

}  // namespace shoal::replication
