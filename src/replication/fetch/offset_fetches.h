#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/topic_exchange.h"
#include "replication/peers/follow.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace shoal::replication {

/// Random access: fetches single blocks that hold an offset (docs/PROTOCOL.md, "Random access"). The signed topic state
/// tells whether the offset is there, a peer's hint which block may hold it, and the block's proven header whether it
/// does.
class OffsetFetches {
 public:
  using Done = std::function<void(Result<BlockIndex>)>;

  OffsetFetches(ReplicatorCore& core, BlockFetcher& fetcher, TopicExchange& topics)
      : core_(core), fetcher_(fetcher), topics_(topics) {}

  FetchId start(const TopicPartition& stream, Offset offset, base::MonoTime timeout, Done done);
  void cancel(FetchId id);

  void on_lookup_reply(PeerId id, Peer& peer, const LookupReply& reply);
  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want, BlockIndex block);
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  void forget(PeerId id);
  /// Something changed that a fetch may wait for: a peer, a head, topic state.
  void resume();
  void tick();
  [[nodiscard]] bool busy() const { return !fetches_.empty(); }

 private:
  struct Fetch {
    TopicPartition stream;
    Offset offset{0};
    base::MonoTime deadline{0};
    Done done;
    bool asked_topic = false;
    bool seen_pruned = false;
    std::uint64_t lookup = 0;
    std::uint64_t want = 0;
    PeerId peer{0};
    base::MonoTime sent{0};
    std::set<PeerId> tried;
  };
  using Fetches = std::map<FetchId, Fetch>;

  void advance(FetchId id);
  /// True when the offset is known to be there; finishes the fetch when it is known not to be.
  bool check_topic_state(FetchId id, Fetch& fetch);
  void ask_peer(FetchId id, Fetch& fetch);
  void ask_block(FetchId id, Fetch& fetch, BlockIndex block);
  void give_up_peer(FetchId id, Fetch& fetch);
  void finish(FetchId id, Result<BlockIndex> result);
  [[nodiscard]] Fetches::iterator by_want(std::uint64_t want);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  TopicExchange& topics_;
  Fetches fetches_;
  std::uint64_t last_id_ = 0;
  std::deque<std::uint64_t> stale_;  ///< look-ups given up
};

}  // namespace shoal::replication
