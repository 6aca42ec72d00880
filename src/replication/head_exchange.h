#pragma once

#include "replication/replicator_core.h"

namespace shoal::replication {

/// Heads of one feed among its peers: announces ours, judges theirs, asks for proof that the tree grew, and recognises
/// and spreads forks (docs/PROTOCOL.md, "Heads").
class HeadExchange {
 public:
  /// `accepted` is called after the accepted head moved. `may_wait` says that pushed blocks will bring a newer head by
  /// themselves: then growth is asked for only when they stay away.
  HeadExchange(ReplicatorCore& core, std::function<void()> accepted, std::function<bool()> may_wait)
      : core_(core), on_accepted_(std::move(accepted)), may_wait_(std::move(may_wait)) {}

  /// Sends fork proof, head or no_head, and what we hold.
  void greet(Peer& peer);
  /// Head or no_head, and have when what we hold changed.
  void announce(Peer& peer);
  /// To all who do not know the head; who pushed it to us hears that we have it with the next tick.
  void announce_all();

  void on_head(PeerId id, Peer& peer, const feed::Checkpoint& head);
  void on_no_head(PeerId id, Peer& peer);
  void on_fork(Peer& peer, const Fork& fork);
  void on_growth_reply(PeerId id, Peer& peer, const GrowthReply& reply);
  void forget(PeerId id);
  /// An answer about growth is due.
  [[nodiscard]] bool growing() const;
  /// Asks the peer for the growth to its head now, when that is longer than ours.
  void pull(PeerId id);

  /// Verifies the head's signature; blames the peer when it is bad. Cheap for a head that was seen.
  [[nodiscard]] bool check_signature(Peer& peer, const feed::Checkpoint& head);
  /// The head was accepted with blocks: tells the owner and the peers.
  void accepted(const feed::Checkpoint& head);
  /// FeedMirror found a fork, or a peer proved one.
  void fork_found();
  [[nodiscard]] bool forked() const { return forked_; }
  /// Asks again for growth that a silent peer owes.
  void tick();

  /// See Replicator::ask_heads.
  void ask(base::MonoTime settle, base::MonoTime timeout, std::function<void(bool)> done);
  /// Largest tree size that a connected peer announced, 0 when none did; nullopt before any answered.
  [[nodiscard]] std::optional<std::uint64_t> newest_announced() const;
  [[nodiscard]] bool asking() const { return !questions_.empty(); }

 private:
  struct PendingGrowth {
    std::uint64_t request = 0;
    feed::Checkpoint from;  ///< tree_size 0: no head yet
    feed::Checkpoint to;
    base::MonoTime sent{0};
  };
  struct Question {
    base::MonoTime settle{0};
    base::MonoTime deadline{0};
    base::MonoTime last_answer{0};
    std::map<PeerId, bool> answered;
    std::function<void(bool)> done;
  };

  void announce_late();
  void consider(PeerId id, Peer& peer);
  void request_growth(PeerId id, Peer& peer);
  [[nodiscard]] bool asked_for(std::uint64_t size) const;
  void compare_shorter(Peer& peer, const feed::Checkpoint& head, const feed::Checkpoint& ours);
  void take_growth(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply);
  bool try_fork_proof(Peer& peer, const feed::ForkProof& proof);
  void answered(PeerId id);
  void settle_questions();
  /// Our head is the newest that any connected peer announced, or cannot be compared with it.
  [[nodiscard]] bool caught_up() const;

  ReplicatorCore& core_;
  std::function<void()> on_accepted_;
  std::function<bool()> may_wait_;
  std::map<PeerId, PendingGrowth> growths_;
  std::map<PeerId, base::MonoTime> waiting_;  ///< heads that a push is expected to bring, since when
  std::vector<Question> questions_;
  std::optional<feed::Checkpoint> last_verified_;
  std::deque<std::uint64_t> stale_;  ///< questions given up: late answers are ignored, not blamed
  bool forked_ = false;
};

}  // namespace shoal::replication
