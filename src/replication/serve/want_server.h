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

/// Serves the wants of all peers.
///
/// Blocks are read only when the peer has credit for them and its send queue has room: pulled by the receiver, as
/// HTTP/2 streams are (RFC 9113, 5.2), so a peer that does not read costs a bounded number of bytes. Live wants come
/// first, then one message of each other want in turn, so that a long history never delays new blocks.
///
/// How many peers get new blocks is limited (LiveChildren, UploadPacer): a peer that is refused with `busy` gets them
/// from another peer. Otherwise the publisher would upload every block to every reader.
class WantServer {
 public:
  static constexpr std::size_t kMaxWantsPerPeer = 16;
  /// Bytes in a peer's send queue above which no further block is read for it.
  static constexpr std::size_t kQueueLimit = std::size_t{192} << 10;

  WantServer(ReplicatorCore& core, const TreePeers& peers);

  void on_want(PeerId id, Peer& peer, const Want& want);
  void on_credit(PeerId id, const Credit& credit);
  void on_cancel(PeerId id, const Cancel& cancel);
  void forget(PeerId id);
  /// Sends what the peer's credit and queue have room for.
  void pump(PeerId id);
  /// Ends one live want when there are more than this node likes to serve. Several times a second.
  void tick();
  /// Blocks or a head came: live wants go on.
  void pump_all();

 private:
  /// Tells LiveChildren, and the peer's record, which live wants of the peer are served.
  void update_live(PeerId id);
  using Wants = std::vector<std::unique_ptr<ServedWant>>;
  /// The wants of one peer.
  struct Served {
    Wants wants;
    std::size_t kept = 0;  ///< bytes of `wants` that were counted
    bool posted = false;   ///< pump() follows
    bool later = false;    ///< a want waits until more may be read for the peer
  };
  /// Sends the want's next message; false when it has none now.
  bool send_next(Peer& peer, Served& served, std::size_t index, ReadTurn& turn);
  /// Counts the memory of the peer's wants; false when it is too much.
  [[nodiscard]] static bool count_memory(Peer& peer, Served& served);
  /// The next message of this want has to wait for another want of the peer.
  [[nodiscard]] static bool waits_for_another(const Wants& wants, std::size_t index);

  /// How many peers but this one are being sent large new blocks.
  [[nodiscard]] std::size_t uploads(PeerId but) const;

  ReplicatorCore& core_;
  LiveChildren children_;
  UploadPacer pacer_;
  std::map<PeerId, Served> wants_;
  PayloadCache payloads_;
};

}  // namespace shoal::replication
