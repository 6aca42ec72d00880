#pragma once

#include "replication/peers/replicator_core.h"

#include <functional>
#include <map>
#include <optional>

namespace shoal::replication {

/// Receipts of one feed among its peers (docs/PROTOCOL.md, "Receipts"): asks for theirs, checks what comes against our
/// tree, and gives ours to those who asked. What is signed, and when, is the owner's business.
class ReceiptExchange {
 public:
  /// `forked` tells whether the feed has two histories: then receipts are compared with none.
  ReceiptExchange(ReplicatorCore& core, std::function<bool()> forked) : core_(core), forked_(std::move(forked)) {}

  /// After our head was sent.
  void on_peer_added(Peer& peer);
  void on_message(PeerId id, Peer& peer, const ReceiptMessage& message);
  void forget(PeerId id);
  /// Our head moved: what could not be compared before may be now.
  void on_accepted();

  /// See Replicator::ask_receipts().
  void set_demand(ReceiptDemand demand);
  /// See Replicator::give_receipt().
  void give(const feed::Receipt& receipt);

 private:
  struct Dealings {
    ReceiptDemand asked = ReceiptDemand::none;
    std::optional<feed::Receipt> given;  ///< the newest of the session
    bool compared = true;                ///< that one, with our tree
  };

  void ask(Peer& peer);
  void take(Peer& peer, Dealings& dealings, ByteView bytes);
  /// Compares the newest receipt with our tree, when that is possible: tells the owner, or blames.
  void compare(Peer& peer, Dealings& dealings);
  /// The root of our tree at the receipt's size; nullopt when that is not known, or says nothing of the receipt.
  [[nodiscard]] std::optional<Digest> our_root(const feed::Receipt& receipt) const;
  void send_ours(Peer& peer);
  /// Tells the owner when what peers ask has changed.
  void weigh_demand();

  ReplicatorCore& core_;
  std::function<bool()> forked_;
  ReceiptDemand wanted_ = ReceiptDemand::none;
  ReceiptDemand told_demand_ = ReceiptDemand::none;
  Bytes ours_;  ///< encoded; empty before the first
  std::map<PeerId, Dealings> dealings_;
};

}  // namespace shoal::replication
