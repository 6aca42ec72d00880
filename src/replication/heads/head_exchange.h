#pragma once

#include "replication/heads/head_questions.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace shoal::replication {

/// Heads of one feed among its peers: announces ours, judges theirs, asks for proof that the tree grew, and recognises
/// and spreads forks (docs/PROTOCOL.md, "Heads").
class HeadExchange {
 public:
  /// `accepted` is called after the accepted head moved. `may_wait` says that pushed blocks will bring a newer head by
  /// themselves: then growth is asked for only when they stay away.
  HeadExchange(ReplicatorCore& core, std::function<void()> accepted, std::function<bool()> may_wait)
      : core_(core), on_accepted_(std::move(accepted)), may_wait_(std::move(may_wait)) {}

  /// Sends fork proof, head or no_head, and have.
  void on_peer_added(Peer& peer);
  /// Head or no_head, and have when what we hold changed.
  void announce(Peer& peer);

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
  /// FeedMirror found a fork and stored its proof.
  void fork_found();
  [[nodiscard]] bool forked() const { return forked_ || core_.reader().fork_limit(); }
  /// The peer sent blocks that do not prove. If its head is longer than ours, its history may be another one: then it
  /// is asked how its tree grew from ours, and blamed with `what` only when the answer shows no fork.
  void dispute(PeerId id, Peer& peer, const std::string& what);
  /// Asks again for growth that a silent peer owes.
  void tick();

  /// See Replicator::ask_heads.
  void ask(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done) {
    questions_.ask(quiet, timeout, std::move(done));
  }
  /// Largest tree size that a connected peer announced, 0 when none did; nullopt before any answered.
  [[nodiscard]] std::optional<std::uint64_t> newest_announced() const;
  [[nodiscard]] bool asking() const { return questions_.open(); }

 private:
  struct PendingGrowth {
    std::uint64_t request = 0;
    feed::Checkpoint from;  ///< tree_size 0: no head yet
    feed::Checkpoint to;
    base::MonoTime sent{0};
    std::string blame_reason;  ///< what the peer is blamed for unless the answer shows a fork; empty: nothing
  };

  void consider(PeerId id, Peer& peer);
  void request_growth(PeerId id, Peer& peer, std::string blame_reason = {});
  void expire_growth(PeerId id, Peer& peer);
  void resolve_dispute(PeerId id, Peer& peer, const PendingGrowth& pending);
  /// After a fork: finds out which of the histories the peer has.
  void place(PeerId id, Peer& peer);
  [[nodiscard]] bool asked_for(std::uint64_t size) const;
  void compare_shorter(Peer& peer, const feed::Checkpoint& head, const feed::Checkpoint& ours);
  void take_growth(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply);
  /// The edge of the peer's tree at our size, compared with ours; false when there is nothing more to learn from it.
  bool check_edge(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply, const feed::Checkpoint& ours);
  bool try_fork_proof(Peer& peer, const feed::ForkProof& proof);
  void spread_fork(const feed::ForkProof& proof);
  /// Our head is the newest that any connected peer announced, or cannot be compared with it.
  [[nodiscard]] bool caught_up() const;

  ReplicatorCore& core_;
  std::function<void()> on_accepted_;
  std::function<bool()> may_wait_;
  std::map<PeerId, PendingGrowth> growths_;
  std::map<PeerId, base::MonoTime> waiting_;  ///< heads that a push is expected to bring, since when
  HeadQuestions questions_{core_};
  std::optional<feed::Checkpoint> last_verified_;
  std::deque<std::uint64_t> stale_;  ///< questions given up: late answers are ignored, not blamed
  bool forked_ = false;
};

}  // namespace shoal::replication
