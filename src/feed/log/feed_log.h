#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/fork.h"
#include "feed/log/damage_drop.h"
#include "feed/log/feed_rows.h"
#include "feed/log/log_loader.h"
#include "feed/log/log_pruner.h"
#include "feed/log/shared_log_state.h"
#include "feed/log/stored_blocks.h"
#include "merkle/right_edge.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::feed {

class LogStage;
struct LogChange;

/// What is stored of one feed: rows, tree, indices and the accepted head, without opinions on trust. Everything that
/// changes goes through FeedWriter (own feeds) or FeedMirror (other people's); everybody else reads through FeedReader.
///
/// Reading is thread-safe beside one changing thread. LogLoader reads the rows at open, LogStage collects a change,
/// LogPruner drops payloads; this class owns what they work on, commits and shows changes.
class FeedLog : public merkle::HashReader {
 public:
  ~FeedLog() override = default;

  /// Opens the feed's rows, giving it a local number when it is new. Code::corrupt when they contradict each other.
  /// Block rows of a mirrored feed that are ahead of the accepted head (a power cut took the head's log) are dropped;
  /// dropped_at_open() says so.
  [[nodiscard]] static Result<std::unique_ptr<FeedLog>> open(FeedStores stores, const FeedId& feed);
  /// Feeds that have rows.
  [[nodiscard]] static Result<std::vector<FeedId>> list(store::KvStore& heads) { return list_feeds(heads); }
  /// Removes every row of the feed from both stores and gives the disk back.
  [[nodiscard]] static Result<void> remove(FeedStores stores, const FeedId& feed) {
    return remove_feed_rows(stores, feed);
  }

  // Reading, from any thread.
  [[nodiscard]] const FeedId& id() const { return rows().id; }
  [[nodiscard]] store::FeedNumber number() const { return rows().number; }
  [[nodiscard]] const store::KvStore& block_store() const { return *rows().stores.blocks; }
  [[nodiscard]] std::optional<Checkpoint> head() const;
  [[nodiscard]] std::uint64_t header_prefix() const;
  /// Calls `look(const LogState&)` under the shared lock; `look` must neither block nor keep references.
  template <typename Look>
  auto inspect(Look look) const {
    return state_.inspect(std::move(look));
  }
  /// See StoredBlocks.
  [[nodiscard]] Result<Bytes> header_bytes(BlockIndex block) const { return blocks_.header_bytes(block); }
  [[nodiscard]] Result<BlockHeader> header(BlockIndex block) const { return blocks_.header(block); }
  [[nodiscard]] Result<Bytes> stored_payload(BlockIndex block) const { return blocks_.payload(block); }
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<merkle::NodeId>& nodes) const override {
    return blocks_.tree_nodes(nodes);
  }
  /// Small named rows of the feed, in the store of heads.
  [[nodiscard]] Result<std::optional<Bytes>> property(std::string_view name) const { return rows().property(name); }
  /// See LogPruner.
  [[nodiscard]] Result<void> reclaim(const BlockRange& span) const { return pruner_.reclaim(span); }
  /// A read found the block's rows damaged: says so to whoever is to drop it. Any thread.
  void note_damage(BlockIndex block) const {
    if (on_damage_) on_damage_(block);
  }
  /// What open() had to drop, in words; empty when nothing.
  [[nodiscard]] const std::string& dropped_at_open() const { return dropped_; }
  /// What open() found damaged and took from a copy, in words; empty when nothing.
  [[nodiscard]] const std::string& healed_at_open() const { return healed_; }

  /// `report` gets damaged blocks, on the thread that read them, and each one at each sight. Before anybody reads.
  void on_damage(std::function<void(BlockIndex)> report) { on_damage_ = std::move(report); }

  // Changing, from one thread at a time.
  struct HeadUpdate {
    Checkpoint head;
    std::optional<merkle::RightEdge> edge;  ///< at the head's size, when it was proven
  };
  /// An empty stage for the next commit; the one before it must be committed or dropped.
  [[nodiscard]] LogStage stage();
  /// Writes the stage and the head in one WriteBatch per store, then shows them to readers. After an error nothing is
  /// shown, and what is on disk is either the state before or after. What is Sync::deferred may be lost in a crash,
  /// from the newest commit on backwards.
  [[nodiscard]] Result<void> commit(LogStage&& stage, const std::optional<HeadUpdate>& head, store::Sync sync);
  /// Stores the first fork proof for ever, synced.
  [[nodiscard]] Result<void> put_fork_proof(const ForkProof& proof);
  /// Stores the first note of a contradiction for ever, synced.
  [[nodiscard]] Result<void> put_contradiction(const Contradiction& note);
  [[nodiscard]] Result<void> set_property(std::string_view name, const std::optional<Bytes>& value) {
    return rows().set_property(name, value);
  }
  /// See LogPruner.
  [[nodiscard]] Result<Pruned> prune(const std::vector<BlockIndex>& blocks) { return pruner_.prune(blocks); }
  [[nodiscard]] Result<void> prune_before(BlockIndex end) { return pruner_.prune_before(end); }
  /// See drop_damaged_block().
  [[nodiscard]] Result<bool> drop_damaged(BlockIndex block) { return drop_damaged_block(blocks_, state_, block); }
  /// The error that a commit would get now; Code::no_space passes.
  [[nodiscard]] Result<void> check_writable() const;
  /// Makes everything written so far durable, blocks after heads.
  [[nodiscard]] Result<void> make_durable();

 private:
  FeedLog(const FeedRows& rows, LoadedLog loaded);
  [[nodiscard]] const FeedRows& rows() const { return blocks_.rows(); }
  void publish(LogChange& change, const std::optional<HeadUpdate>& head);

  std::string dropped_;
  std::string healed_;
  std::function<void(BlockIndex)> on_damage_;
  SharedLogState state_;
  StoredBlocks blocks_;                       // reads state_
  LogPruner pruner_;                          // works on both
  std::unique_ptr<TopicState> spare_topics_;  // equal to the state's: what the next stage steps on; null: copy
};

}  // namespace shoal::feed
