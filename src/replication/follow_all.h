#pragma once

#include "replication/block_fetcher.h"

namespace shoal::replication {

/// Follows the whole feed from one block on: keeps two portions outstanding at every peer that can give some.
class FollowAll {
 public:
  FollowAll(ReplicatorCore& core, BlockFetcher& fetcher) : core_(core), fetcher_(fetcher) {}

  void start(const Follow& follow);
  void stop();
  [[nodiscard]] bool active() const { return active_; }

  /// Asks for what is missing below `size`.
  void plan();
  void on_run(const Data& run);
  void on_payload(BlockIndex block);
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  [[nodiscard]] bool has_alternative(const FetchWant& want) const;
  /// All up to the accepted head (or the follow's end) is held.
  [[nodiscard]] bool complete(const feed::Checkpoint& head) const;

 private:
  void defer(const FetchWant& want);
  void resume_deferred();
  [[nodiscard]] std::uint64_t goal(std::uint64_t tree_size) const;
  bool plan_for(PeerId id, const Peer& peer, const feed::Checkpoint& ours);
  /// What to ask of a missing range when payloads from before `oldest` are not wanted; nullopt: nothing more, the range
  /// begins with blocks that are not.
  struct Step {
    BlockRange range;
    bool headers_only = false;
  };
  [[nodiscard]] std::optional<Step> step_of(const BlockRange& missing, UnixMs oldest);
  /// Passes over blocks from `missing.begin` on whose headers show that they are too old; true when there were some.
  bool pass_over_old(const BlockRange& missing, UnixMs oldest);
  [[nodiscard]] std::optional<feed::BlockHeader> held_header(std::uint64_t block) const;
  [[nodiscard]] std::optional<feed::Checkpoint> proof_with(const Peer& peer, const feed::Checkpoint& ours) const;
  [[nodiscard]] bool only_peer(PeerId id) const;
  [[nodiscard]] bool anybody_has(std::uint64_t block) const;
  [[nodiscard]] static RequestPlanner::Offer offer(const Peer& peer, std::uint64_t tree_size);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  Follow follow_;
  RequestPlanner planner_;
  bool active_ = false;
  /// A peer that was busy with blocks is asked for them again a little later.
  struct Deferred {
    PeerId peer;
    BlockRange range;
    base::MonoTime until{0};
  };
  std::vector<Deferred> deferred_;
  std::map<std::uint64_t, base::MonoTime> refused_since_;  ///< by first block
};

}  // namespace shoal::replication
