#pragma once

#include "base/executor.h"
#include "base/log_sink.h"
#include "base/random.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "feed/write/feed_writer.h"
#include "replication/peers/credit_pool.h"
#include "replication/peers/peer_transport.h"
#include "replication/wire/message.h"

#include <functional>
#include <memory>

namespace shoal::replication {

/// Names a connected peer of one feed.
using PeerId = StrongInt<struct PeerIdTag, std::uint64_t>;
/// Names a want of this side. 0 is none.
using WantId = StrongInt<struct WantIdTag, std::uint64_t>;

/// What is asked for first.
enum class FetchOrder : std::uint8_t {
  feed,    ///< the oldest missing: somebody reads in that order
  rarest,  ///< what fewest peers hold: a mirror, whose blocks others wait for
};

/// How much of the feed this side keeps fetching.
struct Follow {
  bool everything = true;              ///< all blocks of all topics; else only `topics`
  std::vector<TopicPartition> topics;  ///< exact names; partition -1 = every partition of the topic
  bool live = true;                    ///< go on with new heads; else stop at `until`
  std::uint64_t until = 0;             ///< with !live: a tree size
  std::uint64_t from = 0;              ///< first block that is wanted
  FetchOrder order = FetchOrder::feed;
  /// Payloads appended before this time are not fetched: their headers are, and the log says that they are pruned.
  /// Asked whenever something is missing; empty: all are fetched.
  std::function<UnixMs()> oldest = {};
};

/// What a peer is known to be and to have, for `shoal peers` and for -e's question "did every peer answer".
struct PeerView {
  PeerId id;
  PeerAddress address;
  PublicKey node_key;                    ///< proven in the session
  std::optional<feed::Checkpoint> head;  ///< newest head it announced here
  bool answered = false;                 ///< it announced a head, or that it has none
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t rate_in = 0;   ///< bytes a second, smoothed
  std::uint64_t rate_out = 0;  ///< bytes a second, smoothed
  base::MonoTime since{0};     ///< when the session opened this feed
  bool complete = false;       ///< it says that it holds every header, and every payload that it did not prune
  feed::BlockRange held = {};  ///< from the first to the last block whose payload it says that it holds
  std::uint64_t blocks_in = 0;
  std::int64_t round_trip_us = -1;
  bool suspect = false;  ///< it was asked for a sign of life and gave none for some round trips
};

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
  /// A connected mirror's receipt; its signature, size and root were checked. Only after want_receipts().
  virtual void on_receipt(const feed::Receipt& /*receipt*/) {}
  /// What connected peers ask of our receipts now.
  virtual void on_receipts_asked(ReceiptDemand /*demand*/) {}
};

/// Replicates one feed with many peers: a state machine over decoded messages, without I/O, threads or clocks of its
/// own. Confined to the feed's executor. `mirror` is null for own feeds (then it only serves).
class Replicator {
 public:
  struct Parts {
    const feed::FeedReader* reader = nullptr;
    feed::FeedMirror* mirror = nullptr;
    base::Executor* executor = nullptr;
    const base::Clock* clock = nullptr;
    base::Random* random = nullptr;
    base::LogSink* log = nullptr;
    ReplicatorEvents* events = nullptr;
    /// This node's key: decides which of two connections with one node is kept. Zero keeps both.
    PublicKey node_key = {};
    /// What the peers of all feeds may have on their way; null: no bound but each peer's.
    std::shared_ptr<CreditPool> credit = {};
  };
  struct Options {
    bool serve = true;                                       ///< --no-upload clears it
    std::uint64_t credit_bytes = std::uint64_t{2560} << 10;  ///< on the way from one peer at most
    /// Peers that new blocks are pushed to; others are told to ask elsewhere. Unset: 2 for own feeds, 6 else.
    std::optional<std::size_t> live_children = {};
  };
  /// Sends a message of this feed's channel to one peer; bulk messages wait behind others there.
  class Outbox {
   public:
    virtual ~Outbox() = default;
    virtual void send(Message message) = 0;
    /// Bytes that wait; the replicator stops producing bulk above its limit and goes on at on_writable().
    [[nodiscard]] virtual std::size_t queued() const = 0;
    virtual void close(std::string_view reason) = 0;
    /// So many verified blocks came from this peer: what decides whom to keep when there is room for some only.
    virtual void note_given(std::uint64_t /*blocks*/) {}
  };

  Replicator(Parts parts, Options options);
  ~Replicator();

  /// A session that opened this feed. The outbox must live until remove_peer().
  PeerId add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox);
  void on_message(PeerId peer, Message message);
  void on_writable(PeerId peer);
  /// The session found that the peer broke the protocol (a malformed message, say): it is blamed and disconnected.
  void on_violation(PeerId peer, std::string_view what);
  /// The session found that the peer sends more than anybody may: it is disconnected.
  void on_flood(PeerId peer, std::string_view what);
  void remove_peer(PeerId peer);
  [[nodiscard]] std::vector<PeerView> peers() const;
  /// Ends it with every peer, for good: the feed goes.
  void close(std::string_view reason);

  /// Sets what is fetched and kept; replaces the former follow. Nothing is fetched before the first call.
  void follow(Follow follow);
  void stop_following();
  /// Changes the order of what is followed; what is on its way goes on.
  void set_order(FetchOrder order);

  /// Own feed grew, or was signed again: push to live wants.
  void on_committed(const feed::CommitResult& commit);

  /// Asks connected peers, and those that connect later, for receipts of what they hold.
  void want_receipts(ReceiptDemand demand);
  /// What we hold from now on, for those who asked; signed by the node key that sessions prove.
  void give_receipt(const feed::Receipt& receipt);

  /// Payloads were dropped from the log: peers are told what is held now.
  void on_pruned();

  /// Fetches the block of one topic partition that holds `offset`, from whoever has it, into the log; no follow needed.
  /// `done` gets the block, or Code::not_found (proven absent: the offset is at or past the signed end), Code::pruned,
  /// Code::unavailable, Code::timed_out.
  WantId fetch_offset(const TopicPartition& stream, Offset offset, base::MonoTime timeout,
                      std::function<void(Result<BlockIndex>)> done);
  /// Asks every connected peer (and those that connect meanwhile) for its newest head. `done(true)` when every
  /// connected peer answered, at least one, `settle` has passed since the last answer, and the newest head announced is
  /// accepted. At the timeout `done` tells whether any answered.
  void ask_heads(base::MonoTime settle, base::MonoTime timeout, std::function<void(bool)> done);
  /// Learns the signed topic-state entries of a sparse reader's topics under the accepted head (all topics when empty).
  void fetch_topics(std::vector<std::string> topics, base::MonoTime timeout, std::function<void(Result<void>)> done);
  void cancel(WantId want);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::replication
