#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/endgame.h"
#include "replication/peers/follow.h"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Lets idle peers duplicate the ends of wants that slow peers still owe (docs/PROTOCOL.md, "Reading"). endgame.h
/// decides, FullFollower sends the want.
///
/// Two cases. At the end of a transfer no blocks are left to assign, and fast peers are idle while slow ones finish.
/// And a reader in feed order waits for the oldest missing block however many newer ones arrive; when it is late, even
/// a busy peer gets it. Once one of the two wants has brought the blocks, the other one is cancelled. Without sharing,
/// a transfer takes as long as the slowest peer needs for its last portion.
class WorkSharing {
 public:
  /// Requests the blocks from the peer and returns the want's id; 0: the peer cannot prove them.
  using Ask = std::function<std::uint64_t(PeerId, const BlockRange&)>;

  WorkSharing(ReplicatorCore& core, BlockFetcher& fetcher, const RequestPlanner& planner, Ask ask)
      : core_(core), fetcher_(fetcher), planner_(planner), ask_(std::move(ask)) {}

  /// Requests duplicates where they pay. `ready`: peers that are not slow; portions were planned for them before.
  void share(const std::vector<PeerId>& ready, FetchOrder order);
  /// Blocks came: cancels wants whose remaining blocks are all here.
  void on_blocks();
  void on_end(const FetchWant& want);
  void clear() { help_.clear(); }

 private:
  [[nodiscard]] std::vector<Outstanding> outstanding() const;
  /// Hastens the oldest missing block when it is late.
  void hasten_oldest(const std::vector<Outstanding>& all, const std::vector<PeerId>& ready);
  /// Requests from the peer, whose rate is `rate` bytes a second, the end of the want where that saves most time.
  bool help(const std::vector<Outstanding>& all, PeerId id, double rate);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  const RequestPlanner& planner_;
  Ask ask_;
  std::map<std::uint64_t, std::uint64_t> help_;  ///< duplicate -> the want it helps
  base::MonoTime shared_at_{0};
};

}  // namespace shoal::replication
