#pragma once

#include "base/clock.h"
#include "replication/live/failure_detector.h"
#include "replication/peers/replicator_core.h"

#include <string_view>

namespace shoal::replication {

/// Watches whether connected peers are alive: pings them, marks those that owe a pong as suspect, and closes the
/// connection of a peer that is silent for too long or never says its head. FailureDetector decides when.
class PeerMonitor {
 public:
  explicit PeerMonitor(ReplicatorCore& core) : core_(core) {}

  /// To be called several times a second for each peer, and when it is added. Reports the peer's verified blocks to its
  /// outbox.
  void check(Peer& peer);
  void on_pong(Peer& peer, const Pong& pong);
  /// Our head grew.
  void on_growth() { failure_detector_.on_growth(core_.now()); }

 private:
  void close(Peer& peer, std::string_view reason);

  ReplicatorCore& core_;
  FailureDetector failure_detector_;
};

}  // namespace shoal::replication
