#pragma once

#include "base/clock.h"
#include "feed/format/receipt.h"
#include "replication/peers/follow.h"
#include "replication/peers/outbox.h"
#include "replication/peers/peer_transport.h"
#include "replication/peers/peer_view.h"
#include "replication/peers/replicator_events.h"
#include "replication/peers/replicator_options.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::replication {

/// Replicates one feed with many peers: a state machine over decoded messages, without I/O, threads or clocks of its
/// own. Confined to the feed's executor. `mirror` is null for own feeds (then it only serves).
class Replicator {
 public:
  Replicator(ReplicatorContext context, ReplicatorOptions options);
  ~Replicator();

  /// Peers of one feed; as many connections has a feed at most (docs/PROTOCOL.md, "Connections").
  static constexpr std::size_t kMaxPeers = 500;
  /// Whether this feed takes a peer whose connection was made for another feed. Connections have a limit of their own.
  [[nodiscard]] bool has_room() const;
  /// A session opened this feed. The outbox must live until remove_peer().
  PeerId add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox);
  void on_message(PeerId peer, Message message);
  void on_writable(PeerId peer);
  /// The session found that the peer broke the protocol (a malformed message, say): it is blamed and disconnected.
  void on_violation(PeerId peer, std::string_view what);
  /// The session found that the peer sends more than any peer may: it is disconnected.
  void on_flood(PeerId peer, std::string_view what);
  void remove_peer(PeerId peer);
  [[nodiscard]] std::vector<PeerView> peers() const;
  /// The feed is removed: ends all connections, for good.
  void close(std::string_view reason);

  /// Sets which blocks are fetched; replaces the former follow. Nothing is fetched before the first call.
  void follow(Follow follow);
  void stop_following();
  /// Changes the order of the follow; wants that were sent go on.
  void set_order(FetchOrder order);

  /// The own feed grew, or its head was signed again: pushes to live wants.
  void on_committed();

  /// Requests receipts from connected peers, and from those that connect later.
  void ask_receipts(ReceiptDemand demand);
  /// Sends our newest receipt to peers that requested receipts. Signed with the node key that sessions prove.
  void give_receipt(const feed::Receipt& receipt);

  /// The block was damaged here and is not held any more: it is fetched again when it is followed, and peers are told.
  void on_lost(BlockIndex block);
  /// Payloads were pruned from the log: tells peers.
  void on_pruned();

  /// Fetches the block of a topic partition that holds `offset` from any peer into the log; needs no follow.
  /// `done` gets the block, or Code::not_found (proven absent: the offset is at or past the signed end), Code::pruned,
  /// Code::unavailable, Code::timed_out.
  FetchId fetch_offset(const TopicPartition& stream, Offset offset, base::MonoTime timeout,
                       std::function<void(Result<BlockIndex>)> done);
  /// Asks every connected peer, and those that connect meanwhile, for its newest head. `done(true)` when every
  /// connected peer and at least one has answered, no answer came for the time `quiet`, and the newest announced head
  /// is accepted. At the timeout `done` says whether any peer answered.
  void ask_heads(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done);
  /// Fetches the topic-state entries of these topics, or of all when empty, under the accepted head.
  void fetch_topics(std::vector<std::string> topics, base::MonoTime timeout, std::function<void(Result<void>)> done);
  void cancel(FetchId fetch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::replication
