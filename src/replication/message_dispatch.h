#pragma once

#include "replication/fetch_coordinator.h"
#include "replication/heads/head_turns.h"
#include "replication/heads/receipt_exchange.h"
#include "replication/peer_monitor.h"
#include "replication/serve/request_server.h"
#include "replication/serve/want_server.h"

#include <cstddef>

namespace shoal::replication {

/// Hands each message of a peer to the class that it concerns, and blames a peer whose message may not come: anything
/// before its head, blocks of a feed that is our own. Its only state is the heads that wait for their turn.
class MessageDispatch {
 public:
  MessageDispatch(ReplicatorCore& core, HeadExchange& heads, FetchCoordinator& fetches, WantServer& wants,
                  RequestServer& requests, ReceiptExchange& receipts, PeerMonitor& monitor)
      : core_(core),
        heads_(heads),
        fetches_(fetches),
        wants_(wants),
        requests_(requests),
        receipts_(receipts),
        monitor_(monitor),
        head_turns_(core, heads,
                    [this](PeerId id, Peer& peer, const feed::Checkpoint& head) { on_head(id, peer, head); }) {}

  /// The message's body may be moved from.
  void dispatch(PeerId id, Peer& peer, Message& message);
  /// Looks at heads that waited.
  void tick() { head_turns_.tick(); }
  void forget(PeerId id) { head_turns_.forget(id); }

 private:
  void on_head(PeerId id, Peer& peer, const feed::Checkpoint& head);
  void on_no_head(PeerId id, Peer& peer);
  /// Whether blocks may come: not for an own feed.
  [[nodiscard]] bool takes_blocks(Peer& peer);

  ReplicatorCore& core_;
  HeadExchange& heads_;
  FetchCoordinator& fetches_;
  WantServer& wants_;
  RequestServer& requests_;
  ReceiptExchange& receipts_;
  PeerMonitor& monitor_;
  HeadTurns head_turns_;
};

}  // namespace shoal::replication
