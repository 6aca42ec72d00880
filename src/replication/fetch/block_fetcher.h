#pragma once

#include "replication/fetch/fetch_want.h"
#include "replication/fetch/request_planner.h"
#include "replication/heads/head_exchange.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Requests blocks from peers, verifies and stores the answers, and cancels the wants of peers that stall. Its users
/// decide what to request: FullFollower, SparseFollower, LiveFetcher, OffsetFetches.
///
/// Flow control: a peer sends only the bytes it has credit for (HTTP/2, RFC 9113, 5.2). The credit of one peer is twice
/// the product of its rate and its round trip (PeerCredit), shared by its wants; a want gets more once half of its
/// credit is spent. Without it a slow reader would have to buffer whatever fast peers send.
///
/// Stalls: a peer stalls when its want does not begin, makes no progress, or brings a trickle. Then, and only if
/// another peer could serve it, the want is cancelled and the peer is not asked for a time that doubles with each stall
/// (BitTorrent clients "snub" such peers). Without it one silent peer would hold back the blocks it was asked for.
///
/// Blame: a run that its want does not allow is a lie (FetchWant). A run that does not prove is one only if our side
/// still knows the tree that it is proven from, and if the peer's history is ours; HeadExchange::dispute() finds out.
class BlockFetcher {
 public:
  /// A want ended. `reason`: as the peer said; nullopt when we cancelled it, or the peer left or was blamed.
  using Ended = std::function<void(const FetchWant& want, std::optional<EndReason> reason)>;
  /// Blocks of a want were stored. Of a pruned block only the header came.
  using Stored = std::function<void(const FetchWant& want, const Data& run)>;
  struct Hooks {
    Stored on_run;
    std::function<void(const FetchWant&, BlockIndex)> on_payload;  ///< the last piece of a block was stored
    Ended on_end;
    std::function<void()> on_new_blocks;  ///< blocks of any want are readable
    /// Whether another peer could give the next block of the want.
    std::function<bool(const FetchWant&)> has_alternative;
  };

  BlockFetcher(ReplicatorCore& core, HeadExchange& heads, Hooks hooks)
      : core_(core), heads_(heads), hooks_(std::move(hooks)) {}

  /// Sends a want and returns its id; 0 when the peer is gone, the edge at its base is not known here, or our store
  /// takes nothing.
  std::uint64_t ask(FetchWant::Ask ask);
  void cancel(std::uint64_t want);
  void cancel_all(Purpose purpose);
  void cancel_all();

  void on_data(PeerId id, Peer& peer, const Data& data, std::size_t wire_size);
  void on_push(PeerId id, Peer& peer, Push push, std::size_t wire_size);
  void on_piece(PeerId id, Peer& peer, Piece piece, std::size_t wire_size);
  void on_end(PeerId id, Peer& peer, const WantEnd& end);
  /// The peer is gone: its wants end.
  void forget(PeerId id);
  void tick();

  /// Bytes of a block, with the payload that follows it in pieces.
  [[nodiscard]] static std::uint64_t bytes_of(const DataBlock& block);

  /// How many wants of this purpose the peer has not finished.
  [[nodiscard]] std::size_t outstanding(PeerId id, Purpose purpose) const;
  /// Wants of this purpose that are not finished, of all peers.
  [[nodiscard]] std::vector<const FetchWant*> unfinished(Purpose purpose) const;
  /// The live want that is bringing the blocks of the head of this size; null when none is.
  [[nodiscard]] const FetchWant* bringing(std::uint64_t tree_size) const;
  [[nodiscard]] const FetchWant* find(std::uint64_t want) const;
  [[nodiscard]] bool idle() const { return wants_.empty(); }

 private:
  /// The want, if it is one of this peer's; else blames the peer, unless we cancelled the want.
  FetchWant* expected(PeerId id, Peer& peer, std::uint64_t want, std::size_t wire_size);
  /// Credit in bytes that the want may have: the peer's, less what its other wants have.
  [[nodiscard]] std::uint64_t window(PeerId id, const Peer& peer, std::uint64_t want) const;
  /// Counts received bytes for the peer's rate. A live want does not count: it waits for the publisher.
  void measure(Peer& peer, const FetchWant& want, std::size_t wire_size);
  /// Tells the peer's PathEstimate whether the peer owes blocks.
  void update_owing(PeerId id);
  [[nodiscard]] bool provable(const FetchWant& want, const Data& data) const;
  [[nodiscard]] static bool payloads_due(const FetchWant& want, const Data& data);
  void store_run(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size);
  /// The run was stored: moves the want on and calls the hooks.
  void run_taken(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size, bool head_advanced);
  /// Sends more credit when half of it is spent.
  void renew(Peer& peer, FetchWant& want);
  [[nodiscard]] bool stalls(const FetchWant& want, double best_rate) const;
  void drop_stalled();
  void end(std::uint64_t want, std::optional<EndReason> reason);
  void fail(Peer& peer, std::uint64_t want, const Error& error, std::string_view what);

  ReplicatorCore& core_;
  HeadExchange& heads_;
  Hooks hooks_;
  std::map<std::uint64_t, FetchWant> wants_;
};

}  // namespace shoal::replication
