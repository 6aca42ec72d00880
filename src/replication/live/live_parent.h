#pragma once

#include "base/random.h"
#include "replication/live/tree_peers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Keeps one peer, the parent, that pushes the live tail to us; all others only announce their heads
/// (docs/PROTOCOL.md, "The live tail"). The parents of all nodes form a broadcast tree: eager push along the tree, lazy
/// announcements on all other connections, as in Plumtree (Leitao, Pereira, Rodrigues 2007). Here each node chooses its
/// parent, because only the receiver knows which peer brings records first.
///
/// - Repair: when another peer announces a head that the parent did not bring within a few round trips, that peer
/// becomes
///   the trial parent, and the parent once it pushes the head. A peer that announces a head that we lack did not get it
///   through us, so the repair makes no cycle and breaks existing ones.
/// - Optimization: a peer whose announcements come before the parent's pushes by a clear margin replaces the parent.
/// - A parent that refuses or fails is not asked again for a while (exponential backoff with jitter).
///
/// Without it each node gets every record from every peer, or from nobody when the peer that pushes dies.
///
/// A state machine over events; take_actions() after each event says what to do. It has no clock, message or timer of
/// its own: `now` comes with the events, check() is to be called at check_due(), tick() at least once a second.
/// Confined to its caller; `peers` and `random` outlive it.
class LiveParent {
 public:
  LiveParent(const TreePeers& peers, base::Random& random) : peers_(peers), random_(random) {}

  /// `own`: tree size of our accepted head; nullopt before the first.
  void start(std::optional<std::uint64_t> own) {
    active_ = true;
    own_ = own;
  }
  void stop();
  [[nodiscard]] bool active() const { return active_; }

  /// Asks a peer to be the parent when there is none.
  void plan(base::MonoTime now);
  /// The peer announced a head; its TreePeer has the tree size.
  void on_announced(PeerId id, base::MonoTime now);
  /// A live want brought a head of this tree size and its blocks; `whole` is false while some of them are still due.
  void on_pushed(PeerId from, std::uint64_t size, bool whole, base::MonoTime now);
  /// More blocks of a head that was pushed came at time `at`.
  void on_progress(PeerId from, bool whole, base::MonoTime at);
  /// Our own head grew to this tree size, by a push or in another way.
  void on_own_head(std::uint64_t size, base::MonoTime now);
  /// A live want ended. nullopt: the peer left, was blamed, or could not be asked.
  void on_ended(PeerId id, std::optional<EndReason> reason, base::MonoTime now);
  void forget(PeerId id);
  /// To be called when check_due() has passed.
  void check(base::MonoTime now);
  [[nodiscard]] std::optional<base::MonoTime> check_due() const {
    return active_ && missing_ ? std::optional(check_due_) : std::nullopt;
  }
  void tick(base::MonoTime now);

  /// A push is expected soon: until then do not ask for heads that other peers announce.
  [[nodiscard]] bool expects_push(base::MonoTime now) const;
  [[nodiscard]] std::optional<PeerId> parent() const { return parent_ ? std::optional(parent_->peer) : std::nullopt; }

  /// The actions to carry out, in this order. The caller reports their results as events.
  [[nodiscard]] std::vector<TreeAction> take_actions() { return std::exchange(actions_, {}); }

 private:
  /// A live want of ours.
  struct Source {
    PeerId peer{0};
    Urgency urgency = Urgency::normal;
    std::uint64_t size = 0;      ///< tree size of the newest head that it pushed, or of ours when it was asked
    base::MonoTime progress{0};  ///< when it last brought something
    bool whole = true;           ///< all blocks of that head came
  };
  /// How well a peer did, or would do, as a parent.
  struct Standing {
    PeerId peer{0};
    base::MonoTime paused_until{0};  ///< it refused, or failed us
    unsigned refusals = 0;           ///< in a row
    unsigned samples = 0;
    std::uint64_t announced = 0;  ///< tree size of its newest announcement that came before the push
    base::MonoTime announced_at{0};
    double lead = 0;  ///< seconds by which its announcements come before our pushes, smoothed
  };

  /// Index in `standings_` where the peer is, or would be inserted.
  [[nodiscard]] std::size_t place_of(PeerId id) const;
  /// Creates it when it is not there.
  [[nodiscard]] Standing& standing(PeerId id);
  [[nodiscard]] bool paused(PeerId id, base::MonoTime now) const;
  /// The best peer to ask. `ahead`: only one whose head is longer than ours; `paused_too`: also one that is paused.
  [[nodiscard]] std::optional<PeerId> choose(bool ahead, bool paused_too, base::MonoTime now) const;
  [[nodiscard]] bool serves_us(PeerId id) const;
  [[nodiscard]] bool anybody_ahead() const;
  [[nodiscard]] Source ask(PeerId id, Urgency urgency, base::MonoTime now);
  void take_parent(PeerId id, Urgency urgency, base::MonoTime now);
  /// Asks a peer that announced what is missing.
  void repair(base::MonoTime now);
  void cancel(std::optional<Source>& source);
  void sample(Standing& standing, double lead);
  void promote_trial(base::MonoTime now);
  void try_better(base::MonoTime now);
  void pause(PeerId id, base::MonoTime until);

  const TreePeers& peers_;
  base::Random& random_;
  std::vector<TreeAction> actions_;
  bool active_ = false;
  std::optional<std::uint64_t> own_;
  std::optional<Source> parent_;
  std::optional<Source> trial_;  ///< may become the parent; both push for a short time
  base::MonoTime trial_due_{0};
  bool missing_ = false;         ///< a peer announced more than we have
  base::MonoTime check_due_{0};  ///< while missing_: call check() at this time
  std::set<PeerId> tried_;       ///< peers that were asked for what is missing now
  base::MonoTime head_came_{0};
  base::MonoTime overtaken_{0};  ///< since when the parent is behind our own head; 0: it is not
  base::MonoTime last_change_{0};
  Urgency last_urgency_ = Urgency::normal;  ///< of the request to the last parent
  std::vector<Standing> standings_;         ///< sorted by peer id
};

}  // namespace shoal::replication
