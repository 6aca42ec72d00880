#pragma once

#include "replication/fetch/fetch_want.h"
#include "replication/fetch/request_planner.h"
#include "replication/heads/head_exchange.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace shoal::replication {

/// Asks peers for blocks, checks and stores what comes, measures each peer and gives it credit accordingly, and takes
/// wants away from peers that stall. What to ask for is decided by its users: FullFollower, SparseFollower,
/// OffsetFetches.
class BlockFetcher {
 public:
  /// A want ended: `reason` is nullopt when the peer left, stalled or was blamed.
  using Ended = std::function<void(const FetchWant& want, std::optional<EndReason> reason)>;
  /// Blocks of a want were stored; pruned ones came with their header only.
  using Stored = std::function<void(const FetchWant& want, const Data& run)>;
  struct Hooks {
    Stored on_run;
    std::function<void(const FetchWant&, BlockIndex)> on_payload;  ///< of a block that came in pieces
    Ended on_end;
    std::function<void()> on_new_blocks;  ///< something readable came, from whatever want
    /// Another peer could give what the want waits for.
    std::function<bool(const FetchWant&)> has_alternative;
  };

  BlockFetcher(ReplicatorCore& core, HeadExchange& heads, Hooks hooks)
      : core_(core), heads_(heads), hooks_(std::move(hooks)) {}

  /// Sends the want and returns its name; 0 when its proof cannot be used (the edge at its base or size is unknown).
  std::uint64_t ask(FetchWant::Ask ask);
  void cancel(std::uint64_t want);
  void cancel_all(Purpose purpose);

  void on_data(PeerId id, Peer& peer, const Data& data, std::size_t wire_size);
  void on_push(PeerId id, Peer& peer, Push push, std::size_t wire_size);
  void on_piece(PeerId id, Peer& peer, Piece piece, std::size_t wire_size);
  void on_end(PeerId id, Peer& peer, const WantEnd& end);
  /// The peer is gone: its wants end.
  void forget(PeerId id);
  void tick();

  /// Bytes of a block that came or, of one in pieces, is about to come.
  [[nodiscard]] static std::uint64_t bytes_of(const DataBlock& block);

  [[nodiscard]] std::size_t outstanding(PeerId id, Purpose purpose) const;
  /// Our wants of one kind that are not finished.
  [[nodiscard]] std::vector<const FetchWant*> unfinished(Purpose purpose) const;
  /// The live want that is in the middle of what belongs to this head; null when none is.
  [[nodiscard]] const FetchWant* bringing(std::uint64_t tree_size) const;
  [[nodiscard]] const FetchWant* find(std::uint64_t want) const;
  [[nodiscard]] bool idle() const { return wants_.empty(); }

 private:
  FetchWant* expected(PeerId id, Peer& peer, std::uint64_t want, std::size_t wire_size);
  /// Credit that a want of the peer may have, beside its others.
  [[nodiscard]] std::uint64_t window(PeerId id, const Peer& peer, std::uint64_t want) const;
  /// Counts what came of a want that is not live.
  void measure(Peer& peer, const FetchWant& want, std::size_t wire_size);
  void note_owing(PeerId id);
  [[nodiscard]] bool provable(const FetchWant& want, const Data& data) const;
  [[nodiscard]] static bool payloads_due(const FetchWant& want, const Data& data);
  void store_run(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size);
  /// The run is stored: tells everybody.
  void run_taken(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size, bool head_advanced);
  void renew(Peer& peer, FetchWant& want);
  [[nodiscard]] bool stalls(const FetchWant& want, double best_rate) const;
  void drop_stalled();
  void end(std::uint64_t want, std::optional<EndReason> reason);
  void fail(Peer& peer, std::uint64_t want, const Error& error, std::string_view what);

  ReplicatorCore& core_;
  HeadExchange& heads_;
  Hooks hooks_;
  std::map<std::uint64_t, FetchWant> wants_;
  std::deque<std::uint64_t> cancelled_;  ///< data for these may still be on its way
};

}  // namespace shoal::replication
