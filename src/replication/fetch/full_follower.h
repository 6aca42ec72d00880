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

/// Follows the whole feed from one block on (docs/PROTOCOL.md, "Reading").
///
/// Missing blocks are split over all peers that hold them. Each peer has at most two portions at a time, a portion
/// being what it brings in about half a second; portions shrink near the end so that all peers finish together, and
/// WorkSharing moves work from slow peers to idle ones. With equal portions a transfer would take as long as the
/// slowest peer needs.
///
/// Order: a reader gets the oldest missing blocks first. A mirror gets those first that fewest peers hold (BitTorrent's
/// rarest first, B. Cohen, "Incentives Build Robustness in BitTorrent", 2.4.2), from a random start, and fetches
/// headers ahead so that it can prove blocks anywhere. Otherwise all mirrors of a new feed would fetch the same blocks
/// from the publisher and have nothing to exchange.
///
/// A slow or suspect peer is asked only for blocks that no other peer has. A busy peer is asked again after a pause.
class FullFollower {
 public:
  FullFollower(ReplicatorCore& core, BlockFetcher& fetcher);

  void start(const Follow& follow);
  void stop();
  void set_order(FetchOrder order) { follow_.order = order; }
  /// A peer joined, left, or holds other blocks: counts of holders are stale.
  void holders_changed() { holders_stale_ = true; }
  [[nodiscard]] bool active() const { return active_; }

  /// Requests missing blocks from every peer that has room for a portion.
  void plan();
  void on_run(const Data& run);
  void on_payload(BlockIndex block);
  /// The block is not held any more.
  void on_lost(BlockIndex block) { planner_.remove_held(block); }
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  [[nodiscard]] bool has_alternative(const FetchWant& want) const;
  /// Everything below `head` (or the follow's end) is held.
  [[nodiscard]] bool complete(const feed::Checkpoint& head) const;

 private:
  /// The peer was busy: does not ask it for this range for a while.
  void defer(const FetchWant& want);
  void resume_deferred();
  /// End of the follow below a head of this size.
  [[nodiscard]] std::uint64_t goal(std::uint64_t tree_size) const;
  [[nodiscard]] std::vector<PeerId> order_of_peers();
  /// Requests one more portion of the peer's offer; false when it has nothing that is missing.
  bool plan_for(PeerId id, const RequestPlanner::Offer& offer, const feed::Checkpoint& proof);
  /// The want's id; 0: it could not be sent.
  std::uint64_t ask(PeerId id, const BlockRange& range, const feed::Checkpoint& proof, bool headers_only = false);
  /// Whether blocks are requested rarest first.
  [[nodiscard]] bool by_rarity() const;
  /// Requests missing headers: a node that holds scattered payloads can prove them only with all headers.
  bool plan_headers(PeerId id, const Peer& peer, const feed::Checkpoint& proof);
  /// The next run of at most `blocks` below `to` in the follow's order.
  [[nodiscard]] std::optional<BlockRange> next(const RequestPlanner::Offer& offer, std::uint64_t to,
                                               std::uint64_t blocks);
  void count_holders();
  /// Requests from slow peers the blocks that no other peer has.
  void plan_slow(const std::vector<PeerId>& slow, const std::vector<PeerId>& ready, const feed::Checkpoint& ours);
  /// Size of the peer's next portion in bytes.
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
  RequestPlanner header_planner_;         ///< of headers that are fetched ahead
  std::set<std::uint64_t> header_wants_;  ///< wants for these headers
  WorkSharing sharing_;
  bool active_ = false;
  Availability holders_;
  bool holders_stale_ = true;
  bool all_hold_all_ = true;  ///< every peer is complete: no block is rarer
  base::MonoTime counted_at_{0};
  std::uint64_t start_ = 0;  ///< where to go on among equally rare blocks
  double all_rates_ = 0;     ///< sum over the peers that are asked, bytes a second
  /// A range that a busy peer is asked for again at `until`.
  struct Deferred {
    PeerId peer;
    BlockRange range;
    base::MonoTime until{0};
  };
  std::vector<Deferred> deferred_;
  std::map<std::uint64_t, base::MonoTime> refused_since_;  ///< by first block: since when peers are busy
};

}  // namespace shoal::replication
