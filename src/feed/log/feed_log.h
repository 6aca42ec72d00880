#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/fork.h"
#include "feed/format/topic_state.h"
#include "feed/log/log_state.h"
#include "merkle/right_edge.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::feed {

class LogStage;

/// The two stores a feed's rows lie in: `heads` (write-ahead log) takes accepted heads, fork proofs and properties,
/// `blocks` the rest. Own feeds use the logged store for both.
struct FeedStores {
  store::KvStore* heads = nullptr;
  store::KvStore* blocks = nullptr;
};

/// What FeedLog::prune() dropped.
struct Pruned {
  std::uint64_t payloads = 0;
  std::uint64_t bytes = 0;
  BlockRange span;                           ///< from the first to past the last of them
  std::optional<UnixMs> newest_append_time;  ///< of the blocks, those without a payload included
};

/// What is stored of one feed: rows, tree, indices and the accepted head, without opinions on trust. Everything that
/// changes goes through FeedWriter (own feeds) or FeedMirror (other people's); everybody else reads through FeedReader.
///
/// Reading is thread-safe beside one changing thread. Of the floors above the store only this one has a lock below
/// node/: a snapshot per commit would copy the topic state (up to 65,536 entries) and the run lists each time. It is
/// held for look-ups in memory, never across a store access.
class FeedLog : public merkle::HashReader {
 public:
  ~FeedLog() override = default;

  /// Opens the feed's rows, giving it a local number when it is new. Code::corrupt when they contradict each other.
  /// Block rows of a mirrored feed that are ahead of the accepted head (a power cut took the head's log) are dropped;
  /// dropped_at_open() says so.
  [[nodiscard]] static Result<std::unique_ptr<FeedLog>> open(FeedStores stores, const FeedId& feed);
  /// Feeds that have rows.
  [[nodiscard]] static Result<std::vector<FeedId>> list(store::KvStore& heads);
  /// Removes every row of the feed from both stores and gives the disk back.
  [[nodiscard]] static Result<void> remove(FeedStores stores, const FeedId& feed);

  // Reading, from any thread.
  [[nodiscard]] const FeedId& id() const { return id_; }
  [[nodiscard]] store::FeedNumber number() const { return number_; }
  [[nodiscard]] const store::KvStore& block_store() const { return *stores_.blocks; }
  [[nodiscard]] std::optional<Checkpoint> head() const;
  [[nodiscard]] std::uint64_t header_prefix() const;
  /// Calls `look(const LogState&)` under the shared lock; `look` must neither block nor keep references.
  template <typename Look>
  auto inspect(Look look) const {
    const std::shared_lock lock(mutex_);
    return look(static_cast<const LogState&>(state_));
  }
  /// Code::not_found when the header is not held.
  [[nodiscard]] Result<Bytes> header_bytes(BlockIndex block) const;
  [[nodiscard]] Result<BlockHeader> header(BlockIndex block) const;
  /// The payload row as stored; Code::not_found, Code::pruned, or Code::corrupt when it should be there. Not hashed.
  [[nodiscard]] Result<Bytes> stored_payload(BlockIndex block) const;
  /// Subtree roots from tiles, unfinished edge, single rows and headers.
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<merkle::NodeId>& nodes) const override;
  /// Small named rows of the feed, in the store of heads.
  [[nodiscard]] Result<std::optional<Bytes>> property(std::string_view name) const;
  /// Gives the disk of payloads that were pruned in `span` back. Any thread, beside all else; takes as long as a
  /// compaction of their keys.
  [[nodiscard]] Result<void> reclaim(const BlockRange& span) const;
  /// What open() had to drop, in words; empty when nothing.
  [[nodiscard]] const std::string& dropped_at_open() const { return dropped_; }

  // Changing, from one thread at a time.
  struct HeadUpdate {
    Checkpoint head;
    std::optional<merkle::RightEdge> edge;  ///< at the head's size, when it was proven
  };
  /// Writes the stage and the head in one WriteBatch per store, then shows them to readers. After an error nothing is
  /// shown, and what is on disk is either the state before or after; of what is Sync::deferred, once settle() is over.
  [[nodiscard]] Result<void> commit(LogStage&& stage, const std::optional<HeadUpdate>& head, store::Sync sync);
  /// Stores the first fork proof for ever, synced.
  [[nodiscard]] Result<void> put_fork_proof(const ForkProof& proof);
  [[nodiscard]] Result<void> set_property(std::string_view name, const std::optional<Bytes>& value);
  /// Drops the payloads of `blocks` (ascending), or says of payloads that never came that they will not be held.
  /// Headers and tree stay; manifests and blocks without a header are passed over. The blocks must be the oldest of
  /// their partitions that are held: log starts move behind them. Rows only: reclaim() gives the disk back.
  [[nodiscard]] Result<Pruned> prune(const std::vector<BlockIndex>& blocks);
  /// prune() of every payload held before `end`, and reclaim().
  [[nodiscard]] Result<void> prune_before(BlockIndex end);
  /// Makes topic, offset and time rows again from the headers.
  [[nodiscard]] Result<void> rebuild_indices();
  /// Applies commits that were Sync::deferred. Any thread.
  [[nodiscard]] Result<void> settle() const;
  /// Makes everything written so far durable, blocks after heads.
  [[nodiscard]] Result<void> make_durable();

 private:
  friend class LogStage;

  FeedLog(FeedStores stores, const FeedId& id, store::FeedNumber number);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> load_head();
  [[nodiscard]] Result<void> load_fork_proof();
  [[nodiscard]] Result<void> load_blocks();
  [[nodiscard]] Result<void> load_partitions();
  void add_reserved();
  [[nodiscard]] Result<void> check_loaded();
  [[nodiscard]] Result<void> drop_beyond_head();
  [[nodiscard]] bool one_store() const { return stores_.heads == stores_.blocks; }
  [[nodiscard]] Result<void> write_pruned(const RangeSet& marked, const RangeSet& dropped,
                                          const std::map<std::uint32_t, PartitionState>& partitions);
  void publish(LogStage& stage, const std::optional<HeadUpdate>& head);
  [[nodiscard]] Result<void> settle_watermarks(const std::vector<std::uint32_t>& numbers);

  FeedStores stores_;
  FeedId id_;
  store::FeedNumber number_;
  std::string dropped_;

  mutable std::shared_mutex mutex_;
  LogState state_;                            // changed under mutex_ by the one changing thread, which reads it without
  std::unique_ptr<TopicState> spare_topics_;  // equal to state_.topics: what the next stage steps on; null: copy
};

}  // namespace shoal::feed
