#pragma once

#include "replication/heads/head_exchange.h"
#include "replication/peers/peer_budgets.h"

#include <functional>
#include <map>
#include <utility>

namespace shoal::replication {

/// Decides when the head that a peer announced is looked at: each takes a signature check, and often a read of the
/// tree. What all peers together cost is bounded (FairBudget). Above that the newest head of each peer waits for
/// tick(): a newer one replaces it, so a peer that announces more often than we look costs itself a delay, and others
/// nothing. Confined to the feed's executor.
class HeadTurns {
 public:
  static constexpr base::TokenBucket::Rate kAll{500, 1'000};
  using Look = std::function<void(PeerId, Peer&, const feed::Checkpoint&)>;

  HeadTurns(ReplicatorCore& core, const HeadExchange& heads, Look look)
      : core_(core), heads_(heads), look_(std::move(look)) {}

  /// Looks at it now, or later. The first head of a session never waits, nor one that costs nothing.
  void on_head(PeerId id, Peer& peer, const feed::Checkpoint& head);
  /// Looks at heads that waited.
  void tick();
  void forget(PeerId id) { waiting_.erase(id); }

 private:
  ReplicatorCore& core_;
  const HeadExchange& heads_;
  Look look_;
  FairBudget all_{kAll};
  std::map<PeerId, feed::Checkpoint> waiting_;
  PeerId last_{0};  ///< tick() goes on behind this one
};

}  // namespace shoal::replication
