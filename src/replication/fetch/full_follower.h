#pragma once

#include "replication/fetch/age_limit.h"
#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/work_sharing.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace shoal::replication {

/// Follows the whole feed from one block on: splits what is missing over all peers that have it, in portions that each
/// brings in about the same time, and lets fast peers take over what slow ones still owe (docs/PROTOCOL.md, "Reading").
class FullFollower {
 public:
  FullFollower(ReplicatorCore& core, BlockFetcher& fetcher);

  void start(const Follow& follow);
  void stop();
  void set_order(FetchOrder order) { follow_.order = order; }
  /// Somebody holds more or less, came or went.
  void holders_changed() { holders_stale_ = true; }
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
  [[nodiscard]] std::vector<PeerId> order_of_peers();
  /// Asks the peer for one more portion of what it offers; false when there is none.
  bool plan_for(PeerId id, const RequestPlanner::Offer& offer, const feed::Checkpoint& proof);
  /// The want's name; 0: it could not be asked.
  std::uint64_t ask(PeerId id, const BlockRange& range, const feed::Checkpoint& proof, bool headers_only = false);
  /// Blocks are to be asked for by how few hold them.
  [[nodiscard]] bool by_rarity() const;
  /// Asks for headers that are missing: whoever holds payloads here and there can prove them only with all headers.
  bool plan_headers(PeerId id, const Peer& peer, const feed::Checkpoint& proof);
  /// The run of at most `blocks` below `to` that comes next in the follow's order.
  [[nodiscard]] std::optional<BlockRange> next(const RequestPlanner::Offer& offer, std::uint64_t to,
                                               std::uint64_t blocks);
  void count_holders();
  /// Asks slow peers for what nobody else has.
  void plan_slow(const std::vector<PeerId>& slow, const std::vector<PeerId>& ready, const feed::Checkpoint& ours);
  /// Bytes that the peer should be asked for at once.
  [[nodiscard]] std::uint64_t portion_bytes(const Peer& peer, const feed::Checkpoint& ours) const;
  std::uint64_t ask_help(PeerId id, const BlockRange& range);
  [[nodiscard]] std::optional<feed::Checkpoint> proof_with(const Peer& peer, const feed::Checkpoint& ours) const;
  [[nodiscard]] bool only_peer(PeerId id) const;
  [[nodiscard]] bool anybody_has(std::uint64_t block) const;
  [[nodiscard]] static RequestPlanner::Offer offer(const Peer& peer, std::uint64_t tree_size);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  AgeLimit age_limit_;
  Follow follow_;
  RequestPlanner planner_;
  RequestPlanner header_planner_;         ///< when headers come first
  std::set<std::uint64_t> header_wants_;  ///< those that it planned
  WorkSharing sharing_;
  bool active_ = false;
  Availability holders_;
  bool holders_stale_ = true;
  bool all_hold_all_ = true;  ///< no peer lacks anything, so nothing is rare
  base::MonoTime counted_at_{0};
  std::uint64_t start_ = 0;  ///< where this node goes on among what is equally rare
  double all_rates_ = 0;     ///< bytes a second of the peers that are asked, together
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
