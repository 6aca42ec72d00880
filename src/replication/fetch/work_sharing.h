#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/endgame.h"
#include "replication/peers/follow.h"

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace shoal::replication {

/// Lets fast peers take over what slow ones still owe: at the end of a transfer, and for a reader at any time when the
/// oldest missing block is late (docs/PROTOCOL.md, "Reading"). Decides by endgame.h; asks through FullFollower.
class WorkSharing {
 public:
  /// Asks the peer for the blocks and returns the want's name; 0: it cannot prove them.
  using Ask = std::function<std::uint64_t(PeerId, const BlockRange&)>;

  WorkSharing(ReplicatorCore& core, BlockFetcher& fetcher, const RequestPlanner& planner, Ask ask)
      : core_(core), fetcher_(fetcher), planner_(planner), ask_(std::move(ask)) {}

  /// Asks for help where it pays. `ready`: peers to count on, that have what they were asked for already.
  void share(const std::vector<PeerId>& ready, FetchOrder order);
  /// Blocks came: gives up wants of which everything came by another way.
  void on_blocks();
  void on_end(const FetchWant& want);
  void clear() { help_.clear(); }

 private:
  [[nodiscard]] std::vector<Outstanding> outstanding() const;
  void hasten_oldest(const std::vector<Outstanding>& all, const std::vector<PeerId>& ready);
  /// Asks the peer, which brings `rate` bytes a second, for a part of the want that gains most.
  bool help(const std::vector<Outstanding>& all, PeerId id, double rate);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  const RequestPlanner& planner_;
  Ask ask_;
  std::map<std::uint64_t, std::uint64_t> help_;  ///< want that helps -> want that is helped
  base::MonoTime shared_at_{0};
};

}  // namespace shoal::replication
