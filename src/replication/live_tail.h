#pragma once

#include "replication/block_fetcher.h"

#include <set>

namespace shoal::replication {

/// Keeps a follower at the live end of the feed with one payload per block: one peer, the parent, pushes; all others
/// only announce their heads (docs/PROTOCOL.md, "The live tail"). So parents form a tree that each node chooses from
/// below. When others announce what the parent did not bring within a few round trips, one of them becomes the parent;
/// whoever announces a head that we lack did not get it through us, so the repair makes no cycle, and breaks those
/// there are. Decides about parents only; blocks go through BlockFetcher.
class LiveTail {
 public:
  struct Hooks {
    std::function<std::vector<TopicPartition>()> streams;  ///< what to ask for; empty: all topics
    std::function<bool()> growing;                         ///< an answer is due that moves our head
    std::function<void(PeerId)> pull;                      ///< get the peer's head and blocks by asking, not by a push
  };
  LiveTail(ReplicatorCore& core, BlockFetcher& fetcher, Hooks hooks)
      : core_(core), fetcher_(fetcher), hooks_(std::move(hooks)) {}

  void start() { active_ = true; }
  void stop();
  [[nodiscard]] bool active() const { return active_; }

  /// Asks for a parent when there is none.
  void plan();
  /// The peer announced its head.
  void on_head(PeerId id, const Peer& peer);
  /// A live want brought something.
  void on_run(const FetchWant& want, const Data& run);
  /// Our own head moved, by whatever way.
  void on_accepted();
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  void forget(PeerId id) { standings_.erase(id); }
  void tick();

  /// A push is on its way, or should be: until then heads that others announce are not asked for.
  [[nodiscard]] bool expects_push() const;

 private:
  /// What is known of a peer as a parent.
  struct Standing {
    base::MonoTime paused_until{0};  ///< it refused, or failed us
    unsigned refusals = 0;           ///< in a row
    std::uint64_t announced = 0;     ///< tree size of its newest announcement that came before the push
    base::MonoTime announced_at{0};
    double lead = 0;  ///< seconds that its announcements come before our pushes, smoothed
    unsigned samples = 0;
  };

  [[nodiscard]] const FetchWant* want(std::uint64_t id) const { return id == 0 ? nullptr : fetcher_.find(id); }
  /// The best peer that may be asked; with `ahead` only one whose head is longer than ours.
  [[nodiscard]] std::optional<PeerId> choose(bool ahead, bool paused_too) const;
  [[nodiscard]] bool serves_us(PeerId id) const;
  std::uint64_t ask(PeerId id, Urgency urgency);
  /// Nothing came within the time that it should have: somebody who announced it takes over.
  void check_missing();
  void look_at(base::MonoTime due);
  void repair();
  [[nodiscard]] base::MonoTime grace(const Peer& peer) const;
  void sample(Standing& standing, double lead);
  void promote_trial();
  void try_better();
  void pause(PeerId id, base::MonoTime time);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  Hooks hooks_;
  bool active_ = false;
  std::uint64_t parent_ = 0;  ///< the want that pushes
  std::uint64_t trial_ = 0;   ///< one that may take over; both push for a moment
  base::MonoTime trial_due_{0};
  Urgency parent_urgency_ = Urgency::normal;
  Urgency trial_urgency_ = Urgency::normal;
  bool missing_ = false;         ///< somebody announced more than we have
  bool check_armed_ = false;     ///< a call of check_missing() is on its way
  base::MonoTime check_due_{0};  ///< not before this
  std::set<PeerId> tried_;       ///< asked for what is missing now
  base::MonoTime head_came_{0};
  base::MonoTime overtaken_{0};  ///< since when the parent is behind our own head; 0 it is not
  base::MonoTime last_change_{0};
  std::map<PeerId, Standing> standings_;
};

}  // namespace shoal::replication
