#pragma once

#include "replication/peers/replicator_core.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace shoal::replication {

/// Exchanges receipts of one feed with its peers (docs/PROTOCOL.md, "Receipts"): requests theirs, and sends ours to
/// peers that requested it. A mirror signs how far it durably holds the feed; `--acks N` counts such receipts. What is
/// signed, and when, is decided by the node.
///
/// A receipt counts only after its root was compared with our own tree at its size. Otherwise a peer could acknowledge
/// records that it never received.
class ReceiptExchange {
 public:
  /// `forked` tells whether the feed has two histories: then receipts cannot be compared. `dispute` asks a peer whose
  /// receipt is for another tree how its history grew from ours (HeadExchange::dispute()): it may be the other one.
  using Dispute = std::function<void(PeerId, Peer&, const std::string& what)>;
  ReceiptExchange(ReplicatorCore& core, std::function<bool()> forked, Dispute dispute)
      : core_(core), forked_(std::move(forked)), dispute_(std::move(dispute)) {}

  /// To be called after HeadExchange::on_peer_added().
  void on_peer_added(Peer& peer);
  void on_message(PeerId id, Peer& peer, const ReceiptMessage& message);
  void forget(PeerId id);
  /// Our head moved: compares receipts that were too long for our tree before.
  void on_accepted();

  /// See Replicator::ask_receipts().
  void set_demand(ReceiptDemand demand);
  /// See Replicator::give_receipt().
  void give(const feed::Receipt& receipt);

 private:
  struct Dealings {
    ReceiptDemand asked = ReceiptDemand::none;
    std::optional<feed::Receipt> given;  ///< the peer's newest in this session
    bool compared = true;                ///< `given` was compared with our tree
  };

  void ask(Peer& peer);
  void take(PeerId id, Peer& peer, Dealings& dealings, ByteView bytes);
  /// Compares the peer's newest receipt with our tree, if we have it: posts the event, or blames.
  void compare(PeerId id, Peer& peer, Dealings& dealings);
  /// The root of our tree at the receipt's size; nullopt when it is not known or not comparable.
  [[nodiscard]] std::optional<Digest> our_root(const feed::Receipt& receipt) const;
  void send_ours(Peer& peer);
  /// Posts an event when the strongest demand of all peers changed.
  void weigh_demand();

  ReplicatorCore& core_;
  std::function<bool()> forked_;
  Dispute dispute_;
  ReceiptDemand wanted_ = ReceiptDemand::none;
  ReceiptDemand reported_demand_ = ReceiptDemand::none;
  Bytes ours_;  ///< encoded; empty before the first
  std::map<PeerId, Dealings> dealings_;
};

}  // namespace shoal::replication
