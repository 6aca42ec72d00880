#pragma once

#include "replication/heads/head_questions.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace shoal::replication {

/// Exchanges heads of one feed with its peers, and detects forks (docs/PROTOCOL.md, "Heads").
///
/// A head is believed in two steps. Its signature shows that the owner made it. A longer head is accepted only with a
/// consistency proof that its tree extends ours (RFC 9162, 2.1.4; here the right edge at our size and a subtree cover):
/// the peer is asked for its growth, unless a push is expected to bring the blocks anyway. A shorter or equal head is
/// compared with our own tree. Where two signed heads are not prefix-related, the owner has forked: the proof is
/// stored, sent to all peers, and our head never moves again. Without these proofs an owner could show each reader
/// another history.
///
/// Who is blamed: a peer for a bad signature, a head that goes back, an answer that does not prove. A peer with the
/// other history, or with a head of an epoch that nothing proves, is honest. So when its blocks do not prove, it is
/// disputed first and asked how its head grew from ours.
class HeadExchange {
 public:
  /// `accepted` is called after the accepted head moved. `may_wait` tells whether pushed blocks will bring a newer head
  /// by themselves: then growth is requested only when they are late.
  HeadExchange(ReplicatorCore& core, std::function<void()> accepted, std::function<bool()> may_wait)
      : core_(core), on_accepted_(std::move(accepted)), may_wait_(std::move(may_wait)) {}

  /// Sends fork proof, head or no_head, and have.
  void on_peer_added(Peer& peer);
  /// Sends head or no_head.
  void announce(Peer& peer);

  void on_head(PeerId id, Peer& peer, const feed::Checkpoint& head);
  void on_no_head(PeerId id, Peer& peer);
  void on_fork(Peer& peer, const Fork& fork);
  void on_growth_reply(PeerId id, Peer& peer, const GrowthReply& reply);
  void forget(PeerId id);
  /// A growth reply is due that was requested a moment ago.
  [[nodiscard]] bool growing() const;
  /// Requests the growth to the peer's head at once, if that is longer than ours.
  void pull(PeerId id);

  /// Verifies the head's signature; blames the peer when it is bad. Cheap for our own head and the one verified last.
  [[nodiscard]] bool check_signature(Peer& peer, const feed::Checkpoint& head);
  /// Costs nothing to look at: our own head, or the longer one that was verified last.
  [[nodiscard]] bool is_known(const feed::Checkpoint& head) const;
  /// FeedMirror accepted the head: calls `accepted` and posts the event.
  void accepted(const feed::Checkpoint& head);
  /// FeedMirror found a fork and stored its proof.
  void fork_found();
  [[nodiscard]] bool forked() const { return forked_ || core_.reader().fork_limit(); }
  /// Our head never moves again, whatever peers show.
  [[nodiscard]] bool frozen() const { return forked() || core_.reader().contradicted(); }
  /// The peer sent blocks that do not prove. If its head is longer than ours, its history may be another one: then it
  /// is asked how its tree grew from ours, and blamed with `what` only when the answer shows no fork.
  void dispute(PeerId id, Peer& peer, const std::string& what);
  /// Requests growth that a push did not bring, or that a silent peer owes.
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

  /// Compares the peer's head with ours and does what follows.
  void consider(PeerId id, Peer& peer);
  void request_growth(PeerId id, Peer& peer, std::string blame_reason = {});
  /// Gives up a question that is unanswered for too long.
  void expire_growth(PeerId id, Peer& peer);
  /// The answer came: blames the peer, or asks again from our new head; after a fork the peer is cleared.
  void resolve_dispute(PeerId id, Peer& peer, const PendingGrowth& pending);
  /// Of the epoch that is followed here: that of our head, 0 before the first.
  [[nodiscard]] bool comparable(const feed::Checkpoint& head);
  /// After a fork: finds out which history the peer has.
  void place(PeerId id, Peer& peer);
  /// A peer was asked a moment ago for a head at least this long.
  [[nodiscard]] bool asked_for(std::uint64_t size) const;
  /// Compares a head that is no longer than ours: nothing new, a heartbeat, or a fork.
  void compare_shorter(Peer& peer, const feed::Checkpoint& head, const feed::Checkpoint& ours);
  void take_growth(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply);
  /// Compares the edge of the peer's tree at our size with our root; true when they agree.
  bool check_edge(Peer& peer, const PendingGrowth& pending, const GrowthReply& reply, const feed::Checkpoint& ours);
  bool try_fork_proof(Peer& peer, const feed::ForkProof& proof);
  void spread_fork(const feed::ForkProof& proof);
  /// No connected peer announced a head that is longer than ours and comparable with it.
  [[nodiscard]] bool caught_up() const;
  /// Of an own feed.
  void note_elsewhere(const feed::Checkpoint& head);

  ReplicatorCore& core_;
  std::function<void()> on_accepted_;
  std::function<bool()> may_wait_;
  std::map<PeerId, PendingGrowth> growths_;
  std::map<PeerId, base::MonoTime> waiting_;  ///< peers whose head a push should bring, since when
  HeadQuestions questions_{core_};
  std::optional<feed::Checkpoint> last_verified_;
  bool forked_ = false;
  bool other_epoch_ = false;                   ///< a head of another epoch came; the log has it
  std::optional<feed::Checkpoint> elsewhere_;  ///< of an own feed: what was signed elsewhere, as far as peers showed
};

}  // namespace shoal::replication
