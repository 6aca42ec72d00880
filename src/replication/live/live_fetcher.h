#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/live/core_tree_peers.h"
#include "replication/live/live_parent.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Carries out what LiveParent decides: sends its requests as live wants through BlockFetcher, and reports what comes
/// of them to LiveParent as events. On the feed's executor; `core`, `peers` and `fetcher` outlive it.
class LiveFetcher {
 public:
  struct Hooks {
    std::function<std::vector<TopicPartition>()> streams;  ///< partitions to ask for; empty: all
    std::function<bool()> growing;                         ///< a reply is due that will move our head
    std::function<void(PeerId)> pull;                      ///< fetch the peer's head and blocks by requests
  };
  LiveFetcher(ReplicatorCore& core, const TreePeers& peers, BlockFetcher& fetcher, Hooks hooks)
      : core_(core), fetcher_(fetcher), hooks_(std::move(hooks)), parent_(peers, core.random()) {}

  void start();
  void stop();
  [[nodiscard]] bool active() const { return parent_.active(); }

  /// Asks a peer to be the parent when there is none.
  void plan();
  /// The peer announced a head.
  void on_head(PeerId id);
  /// A live want brought a run of blocks.
  void on_run(const FetchWant& want);
  /// Our own head moved, by a push or in another way.
  void on_accepted();
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  void forget(PeerId id);
  void tick();

  /// A push is expected soon: until then do not ask for heads that other peers announce.
  [[nodiscard]] bool expects_push() const { return parent_.expects_push(core_.now()); }

 private:
  /// Carries out LiveParent's actions and arms the timer for its check().
  void act();
  void ask(PeerId id, Urgency urgency);
  void cancel(PeerId id);
  /// Reports the pieces of blocks that came since the last call.
  void note_progress();

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  Hooks hooks_;
  LiveParent parent_;
  std::map<PeerId, std::uint64_t> wants_;  ///< ids of our live wants
  bool check_armed_ = false;
};

}  // namespace shoal::replication
