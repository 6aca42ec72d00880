#pragma once

#include "replication/fetch/full_follower.h"
#include "replication/fetch/offset_fetches.h"
#include "replication/fetch/sparse_follower.h"
#include "replication/heads/receipt_exchange.h"
#include "replication/live/failure_detector.h"
#include "replication/live/head_announcer.h"
#include "replication/live/live_fetcher.h"
#include "replication/peers/duplicate_peer.h"
#include "replication/replicator.h"
#include "replication/serve/request_server.h"
#include "replication/serve/want_server.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::replication {

/// Joins the parts of one replicator: hands each message to the part that it concerns, and tells parts of what others
/// changed. Decides nothing about blocks, heads or topics itself.
struct Replicator::Impl {
  Impl(ReplicatorContext context, ReplicatorOptions options);

  PeerId add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox);
  void on_message(PeerId id, Message message);
  void remove_peer(PeerId id);
  void follow(Follow wanted);
  void stop_following();
  void fetch_topics(std::vector<std::string> topics, base::MonoTime timeout, std::function<void(Result<void>)> done);
  /// Tells peers what is held when that changed.
  void report_held();
  void on_pruned();
  /// Our head moved: those who are to hear of it do, now or a little later.
  void announce_head();
  /// Starts the ticking that deadlines need, while there is something to watch.
  void arm();

  ReplicatorCore core;
  CoreTreePeers tree_peers;
  HeadExchange heads;
  TopicExchange topics;
  BlockFetcher fetcher;
  FullFollower all;
  SparseFollower streams;
  LiveFetcher live;
  OffsetFetches offsets;
  WantServer wants;
  HeadAnnouncer announcer;
  RequestServer requests;
  ReceiptExchange receipts;
  DuplicatePeers duplicates;

 private:
  void dispatch(PeerId id, Peer& peer, Message& message);
  void on_have(PeerId id, Peer& peer, const Have& have);
  void on_pong(Peer& peer, const Pong& pong);
  BlockFetcher::Hooks fetch_hooks();
  LiveFetcher::Hooks live_hooks();
  void on_run(const FetchWant& want, const Data& run);
  void on_want_end(const FetchWant& want, std::optional<EndReason> reason);
  void on_accepted();
  void on_new_blocks();
  void after_message(PeerId id);
  /// What was asked of the peer, and by it, ends.
  void end_wants(PeerId id);
  /// Asks for what is missing, as soon as the present call is through.
  void plan_soon();
  void plan();
  void check_synced();
  void tick();
  void tick_peer(Peer& peer);
  void announce_due();

  std::optional<Follow> follow_;
  std::uint64_t last_peer_ = 0;
  Have last_have_;
  std::optional<feed::Checkpoint> told_synced_;
  FailureDetector failure_detector_;
  bool plan_pending_ = false;
  bool blocks_told_ = false;
  bool held_changed_ = false;
  bool armed_ = false;
};

}  // namespace shoal::replication
