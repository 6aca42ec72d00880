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
/// (docs/PROTOCOL.md, "The live tail"). So parents form a tree that each node chooses from below. When others announce
/// what the parent did not bring within a few round trips, one of them becomes the parent; whoever announces a head
/// that we lack did not get it through us, so the repair makes no cycle, and breaks those there are.
///
/// A state machine over events; after each take_actions() says what to do. No clock, message or timer of its own:
/// `now` comes with the events, check() is due at check_due(), tick() several times a second or at least once.
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

  /// Asks for a parent when there is none.
  void plan(base::MonoTime now);
  /// The peer announced a head; its TreePeer says how long it is.
  void on_announced(PeerId id, base::MonoTime now);
  /// A live want brought a head of this size, with what belongs to it; `whole` is false while more of it is due.
  void on_pushed(PeerId from, std::uint64_t size, bool whole, base::MonoTime now);
  /// More of what a live want began with came.
  void on_progress(PeerId from, bool whole, base::MonoTime at);
  /// Our own head moved, by whatever way.
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

  /// A push is on its way, or should be: until then heads that others announce are not asked for.
  [[nodiscard]] bool expects_push(base::MonoTime now) const;
  [[nodiscard]] std::optional<PeerId> parent() const { return parent_ ? std::optional(parent_->peer) : std::nullopt; }

  /// What is to be done, in this order; the caller tells what comes of it.
  [[nodiscard]] std::vector<TreeAction> take_actions() { return std::exchange(actions_, {}); }

 private:
  /// A live want of ours.
  struct Source {
    PeerId peer{0};
    Urgency urgency = Urgency::normal;
    std::uint64_t size = 0;  ///< of the newest head that it brought, or was asked from
    base::MonoTime progress{0};
    bool whole = true;
  };
  /// What is known of a peer as a parent.
  struct Standing {
    PeerId peer{0};
    base::MonoTime paused_until{0};  ///< it refused, or failed us
    unsigned refusals = 0;           ///< in a row
    unsigned samples = 0;
    std::uint64_t announced = 0;  ///< tree size of its newest announcement that came before the push
    base::MonoTime announced_at{0};
    double lead = 0;  ///< seconds that its announcements come before our pushes, smoothed
  };

  /// In `standings_`: where it is, or belongs.
  [[nodiscard]] std::size_t place_of(PeerId id) const;
  /// Made when it is not there.
  [[nodiscard]] Standing& standing(PeerId id);
  [[nodiscard]] bool paused(PeerId id, base::MonoTime now) const;
  /// The best peer that may be asked; with `ahead` only one whose head is longer than ours.
  [[nodiscard]] std::optional<PeerId> choose(bool ahead, bool paused_too, base::MonoTime now) const;
  [[nodiscard]] bool serves_us(PeerId id) const;
  [[nodiscard]] bool anybody_ahead() const;
  [[nodiscard]] Source ask(PeerId id, Urgency urgency, base::MonoTime now);
  void take_parent(PeerId id, Urgency urgency, base::MonoTime now);
  /// Takes somebody who announced what is missing.
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
  std::optional<Source> trial_;  ///< one that may take over; both push for a moment
  base::MonoTime trial_due_{0};
  bool missing_ = false;         ///< somebody announced more than we have
  base::MonoTime check_due_{0};  ///< when missing: not before this
  std::set<PeerId> tried_;       ///< asked for what is missing now
  base::MonoTime head_came_{0};
  base::MonoTime overtaken_{0};  ///< since when the parent is behind our own head; 0 it is not
  base::MonoTime last_change_{0};
  Urgency last_urgency_ = Urgency::normal;  ///< with which the last parent was asked
  std::vector<Standing> standings_;         ///< in the order of their ids
};

}  // namespace shoal::replication
