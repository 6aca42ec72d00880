#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/topic_exchange.h"
#include "replication/peers/follow.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace shoal::replication {

/// Random access: fetches the block that holds an offset of a topic partition (docs/PROTOCOL.md, "Random access").
///
/// Three steps, each proven or checked. The topic state that the head signs shows whether the offset exists. A peer
/// names a block that may hold it: a hint, because a proof of the look-up would need every header between. The block's
/// header, proven under the head, shows whether it does; a peer whose hint was wrong is blamed. A peer that does not
/// answer, or lacks the block, is replaced by the next one until the deadline. Without the topic state an absent offset
/// and a withheld block would look the same.
class OffsetFetches {
 public:
  using Done = std::function<void(Result<BlockIndex>)>;

  OffsetFetches(ReplicatorCore& core, BlockFetcher& fetcher, TopicExchange& topics)
      : core_(core), fetcher_(fetcher), topics_(topics) {}

  /// `done` is posted, once. See Replicator::fetch_offset().
  FetchId start(const TopicPartition& stream, Offset offset, base::MonoTime timeout, Done done);
  void cancel(FetchId id);

  void on_lookup_reply(PeerId id, Peer& peer, const LookupReply& reply);
  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want, BlockIndex block);
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  void forget(PeerId id);
  /// A peer, a head or topic state came that a fetch may wait for.
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

  /// Takes the next step of the fetch, unless an answer is due.
  void advance(FetchId id);
  /// True when the topic state has the offset; finishes the fetch when it is proven absent.
  bool check_topic_state(FetchId id, Fetch& fetch);
  /// Sends a look-up, or a want when the block is known, to the best peer.
  void ask_peer(FetchId id, Fetch& fetch);
  void ask_block(FetchId id, Fetch& fetch, BlockIndex block);
  void give_up_peer(FetchId id, Fetch& fetch);
  /// The peer may still answer the open look-up.
  void give_up_lookup(Fetch& fetch);
  /// Fetches of which the peer owes an answer.
  [[nodiscard]] std::size_t asked_of(PeerId peer) const;
  void finish(FetchId id, Result<BlockIndex> result);
  [[nodiscard]] Fetches::iterator by_want(std::uint64_t want);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  TopicExchange& topics_;
  Fetches fetches_;
  std::uint64_t last_id_ = 0;
  bool resuming_ = false;  ///< posted
};

}  // namespace shoal::replication
