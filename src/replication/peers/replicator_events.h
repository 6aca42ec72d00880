#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/fork.h"
#include "feed/format/receipt.h"
#include "replication/peers/peer_view.h"

#include <cstdint>
#include <string_view>

namespace shoal::replication {

/// Whether receipts are asked for, and whether somebody waits for them.
enum class ReceiptDemand : std::uint8_t { none, wanted, awaited };

/// Told what happens to one feed; called on the feed's executor, never inside a call into the replicator.
class ReplicatorEvents {
 public:
  virtual ~ReplicatorEvents() = default;
  /// The accepted head moved (or was signed again with a newer time).
  virtual void on_head(const feed::Checkpoint& head) = 0;
  /// New blocks are verified and readable.
  virtual void on_blocks() = 0;
  /// All that the follow wants under the newest head that any connected peer announced is held, at least one peer
  /// having answered. Called each time it becomes true for a newer head.
  virtual void on_synced(const feed::Checkpoint& head) = 0;
  /// The peer sent what does not prove; it was disconnected and its node key is banned for a while.
  virtual void on_peer_blamed(const PeerView& peer, std::string_view what) = 0;
  /// The peer asked for more than anybody may; it was disconnected. A line that stood still can make an honest peer
  /// look so: only who does it again and again is turned away.
  virtual void on_peer_flooded(const PeerView& /*peer*/, std::string_view /*what*/) {}
  virtual void on_peers_changed() = 0;
  /// The owner forked. A mirror has stored the proof; of an own feed that is the owner's to do.
  virtual void on_fork(const feed::ForkProof& proof) = 0;
  /// A connected mirror's receipt; its signature, size and root were checked. Only after ask_receipts().
  virtual void on_receipt(const feed::Receipt& /*receipt*/) {}
  /// What connected peers ask of our receipts now.
  virtual void on_receipts_asked(ReceiptDemand /*demand*/) {}
};

}  // namespace shoal::replication
