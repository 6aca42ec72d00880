#pragma once

#include "replication/fetch/full_follower.h"
#include "replication/fetch/offset_fetches.h"
#include "replication/fetch/sparse_follower.h"
#include "replication/live/live_fetcher.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace shoal::replication {

/// Coordinates everything that one replicator requests from peers. Hands each arrival to the class that requested it
/// (by the want's purpose), and plans anew after every change: a head, blocks, a peer, a topic state. Planning is
/// deferred to the end of the present call, so that a burst of messages is planned for once.
class FetchCoordinator {
 public:
  struct Hooks {
    std::function<void()> on_new_blocks;  ///< blocks were stored and are readable
    /// What is held here changed and must be announced at once: other peers wait for it.
    std::function<void()> send_have;
  };
  FetchCoordinator(ReplicatorCore& core, HeadExchange& heads, const TreePeers& peers, Hooks hooks);

  /// See Replicator.
  void follow(Follow follow);
  void stop_following();
  void set_order(FetchOrder order) { full_.set_order(order); }
  void on_lost(BlockIndex block);
  void fetch_topics(std::vector<std::string> topics, base::MonoTime timeout, std::function<void(Result<void>)> done);

  [[nodiscard]] BlockFetcher& blocks() { return blocks_; }
  [[nodiscard]] TopicExchange& topics() { return topics_; }
  [[nodiscard]] OffsetFetches& offsets() { return offsets_; }

  /// The peer announced its head.
  void on_head(PeerId id) { live_.on_head(id); }
  void on_have(PeerId id, Peer& peer, const Have& have);
  /// Our head moved.
  void on_accepted();
  /// The peer left or was blamed: ends the wants that were sent to it.
  void end_wants(PeerId id);
  /// The peer left; its wants ended before.
  void forget(PeerId id);
  /// Plans requests after the present call.
  void plan_soon();
  /// Deadlines of requests, and of the live want. Both several times a second.
  void tick_requests();
  void tick_live();

  /// A push is due: then heads that others announce are not asked for.
  [[nodiscard]] bool expects_push() const { return live_.expects_push(); }
  /// A fetch of an offset or of topics is under way, so time has to be watched.
  [[nodiscard]] bool busy() const { return topics_.busy() || offsets_.busy(); }

 private:
  BlockFetcher::Hooks fetch_hooks();
  LiveFetcher::Hooks live_hooks();
  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want, BlockIndex block);
  void on_want_end(const FetchWant& want, std::optional<EndReason> reason);
  void plan();
  /// Ends what is requested when our store begins to refuse writes, and begins again when it takes them. True while it
  /// refuses.
  bool pause_for_store();
  void check_synced();

  ReplicatorCore& core_;
  HeadExchange& heads_;
  Hooks hooks_;
  TopicExchange topics_;
  BlockFetcher blocks_;
  FullFollower full_;
  SparseFollower sparse_;
  LiveFetcher live_;
  OffsetFetches offsets_;
  std::optional<Follow> follow_;
  std::optional<feed::Checkpoint> reported_synced_;  ///< head of the last on_synced event
  bool plan_pending_ = false;
  bool paused_ = false;  ///< our store takes nothing
};

}  // namespace shoal::replication
