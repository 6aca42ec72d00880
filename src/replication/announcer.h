#pragma once

#include "replication/heads/head_exchange.h"
#include "replication/live/announcement_policy.h"
#include "replication/peers/replicator_core.h"
#include "replication/wire/message.h"

namespace shoal::replication {

/// Keeps peers informed of our head and of what we hold: sends Head when AnnouncementPolicy decides so, and Have when
/// it changed.
class Announcer {
 public:
  /// `peers` are the same peers as the core's.
  Announcer(ReplicatorCore& core, const TreePeers& peers, HeadExchange& heads)
      : core_(core), heads_(heads), policy_(peers, core.mirror() == nullptr) {}

  /// Our head moved or was signed again: announces it to the peers that are due now; send_due_heads() does the others.
  /// True when it grew.
  bool announce_head();
  /// Announces our head to the peers that are due. To be called several times a second.
  void send_due_heads();

  /// What we hold may have changed: send_changed_have() tells peers.
  void held_changed() { held_changed_ = true; }
  void send_changed_have();
  /// Sends Have to every peer, if it says more than peers can know from our heads.
  void send_have();

 private:
  ReplicatorCore& core_;
  HeadExchange& heads_;
  AnnouncementPolicy policy_;
  Have last_have_;  ///< as peers were notified, or know from our heads
  bool held_changed_ = false;
};

}  // namespace shoal::replication
