#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/fork.h"
#include "feed/format/receipt.h"
#include "replication/peers/peer_view.h"

#include <cstdint>
#include <string_view>

namespace shoal::replication {

/// Whether receipts are requested, and whether a producer waits for them.
enum class ReceiptDemand : std::uint8_t { none, wanted, awaited };

/// Events of one feed; raised on the feed's executor, never inside a call into the replicator.
class ReplicatorEvents {
 public:
  virtual ~ReplicatorEvents() = default;
  /// The accepted head moved (or was signed again with a newer time).
  virtual void on_head(const feed::Checkpoint& head) = 0;
  /// New blocks are verified and readable.
  virtual void on_blocks() = 0;
  /// Everything that is followed under the newest head that a connected peer announced is held, and at least one peer
  /// has answered. Raised once for each such head.
  virtual void on_synced(const feed::Checkpoint& head) = 0;
  /// The peer sent something that does not prove. It was disconnected; its node key is to be banned for a while.
  virtual void on_peer_blamed(const PeerView& peer, std::string_view what) = 0;
  /// The peer sent more messages than any peer may; it was disconnected. A line that stalled and recovered can make an
  /// honest peer look like that, so only repeated floods lead to a ban.
  virtual void on_peer_flooded(const PeerView& /*peer*/, std::string_view /*what*/) {}
  virtual void on_peers_changed() = 0;
  /// The owner forked. A mirror has stored the proof; for an own feed the receiver of this event stores it.
  virtual void on_fork(const feed::ForkProof& proof) = 0;
  /// The owner signed what contradicts itself: FeedMirror has kept the note, and nothing more is taken. Once.
  virtual void on_contradiction() {}
  /// A peer showed a head of our own feed that its key signed and that goes beyond ours (feed::goes_beyond): somebody
  /// signs elsewhere. Once for each that goes further.
  virtual void on_signed_elsewhere(const feed::Checkpoint& /*head*/) {}
  /// A connected mirror's receipt; its signature, size and root were checked. Only after ask_receipts().
  virtual void on_receipt(const feed::Receipt& /*receipt*/) {}
  /// The strongest demand for our receipts among connected peers changed.
  virtual void on_receipts_asked(ReceiptDemand /*demand*/) {}
};

}  // namespace shoal::replication
