#pragma once

#include "replication/peers/replicator_core.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Which of two connections between one pair of nodes is closed. Nodes that dial each other at the same time, or find
/// each other in several ways, agree on one connection without exchanging a message about it: both keep the one that
/// the node with the smaller key dialled. Of two connections that one side dialled, that side closes the newer one; the
/// other side waits for it, because the older connection may belong to a node that crashed and started again.
enum class Duplicate : std::uint8_t { keep_both, close_older, close_newer };
[[nodiscard]] Duplicate judge_duplicate(const PublicKey& own_key, const PeerView& older, const PeerView& newer);

/// Closes surplus connections with one node. The older of two connections may be dead without a sign of it (the machine
/// changed its network, a NAT dropped the mapping), and then the node dials again. So the newer one is closed only
/// after a message arrived on the older one.
class DuplicatePeers {
 public:
  /// `closed` is called for each peer that was closed here.
  DuplicatePeers(ReplicatorCore& core, std::function<void(PeerId)> closed) : core_(core), closed_(std::move(closed)) {}

  void on_added(Peer& added);
  void tick();

 private:
  /// The newer one is closed when a message arrives on the older one after `since`, the older one when it becomes
  /// suspect.
  struct Conflict {
    PeerId older;
    PeerId newer;
    base::MonoTime since{0};
  };

  /// Closes one of the two when it is known which; false: not yet.
  [[nodiscard]] bool resolve(const Conflict& conflict);
  void close(Peer& peer);

  ReplicatorCore& core_;
  std::function<void(PeerId)> closed_;
  std::vector<Conflict> conflicts_;
};

}  // namespace shoal::replication
