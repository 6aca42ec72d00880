#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/live/core_tree_peers.h"
#include "replication/live/live_parent.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace shoal::replication {

/// Carries out what LiveParent decides: its asks become live wants of BlockFetcher, and what comes of them events.
class LiveFetcher {
 public:
  struct Hooks {
    std::function<std::vector<TopicPartition>()> streams;  ///< what to ask for; empty: all topics
    std::function<bool()> growing;                         ///< an answer is due that moves our head
    std::function<void(PeerId)> pull;                      ///< get the peer's head and blocks by asking, not by a push
  };
  LiveFetcher(ReplicatorCore& core, const TreePeers& peers, BlockFetcher& fetcher, Hooks hooks)
      : core_(core), fetcher_(fetcher), hooks_(std::move(hooks)), parent_(peers, core.random()) {}

  void start();
  void stop();
  [[nodiscard]] bool active() const { return parent_.active(); }

  /// Asks for a parent when there is none.
  void plan();
  /// The peer announced its head.
  void on_head(PeerId id);
  /// A live want brought something.
  void on_run(const FetchWant& want);
  /// Our own head moved, by whatever way.
  void on_accepted();
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  void forget(PeerId id);
  void tick();

  /// A push is on its way, or should be: until then heads that others announce are not asked for.
  [[nodiscard]] bool expects_push() const { return parent_.expects_push(core_.now()); }

 private:
  /// Does what was decided, and has check() called when it is due.
  void act();
  void ask(PeerId id, Urgency urgency);
  void cancel(PeerId id);
  /// Pieces of a block that came since.
  void note_progress();

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  Hooks hooks_;
  LiveParent parent_;
  std::map<PeerId, std::uint64_t> wants_;  ///< names of our live wants
  bool check_armed_ = false;
};

}  // namespace shoal::replication
