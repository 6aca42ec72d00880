#pragma once

#include "feed/log/feed_rows.h"
#include "feed/log/log_state.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace shoal::feed {

/// What the rows of a feed gave at open.
struct LoadedLog {
  LogState state;
  std::string dropped;  ///< what had to be dropped, in words; empty when nothing
  std::string healed;   ///< what was damaged and found in a copy, in words; empty when nothing
};

/// Reads a feed's rows into a LogState when its log is opened, and checks that they agree with each other and with the
/// accepted head. Used once, by one thread, before anybody else reads the feed.
///
/// A crash leaves three states, and each is repaired here: block rows beyond the accepted head (the mirror's two stores
/// are written one after the other, and a power cut can take the log of the heads) are dropped; so are block rows of
/// another feed under the same number (the store of heads was lost and began to count again); and indices whose rebuild
/// did not end are built again. Everything else that does not fit is Code::corrupt.
class LogLoader {
 public:
  explicit LogLoader(const FeedRows& rows) : rows_(rows) {}

  [[nodiscard]] Result<LoadedLog> load();

 private:
  struct StoredHead {
    std::optional<Checkpoint> head;
    std::optional<merkle::RightEdge> edge;  ///< at the head, when it is known
    bool damaged = false;                   ///< there is one, but not a readable one that the feed's key signed
  };

  [[nodiscard]] Result<void> load_head();
  [[nodiscard]] Result<StoredHead> read_head(const store::KvStore& store) const;
  [[nodiscard]] Result<void> load_fork_proof();
  [[nodiscard]] Result<void> load_contradiction();
  [[nodiscard]] Result<void> load_blocks();
  [[nodiscard]] Result<void> load_held_sets();
  [[nodiscard]] Result<void> load_index();
  [[nodiscard]] Result<bool> index_reaches_ends() const;
  [[nodiscard]] Result<void> load_partitions();
  [[nodiscard]] Result<void> load_topics(std::map<std::uint32_t, TopicStateEntry> entries);
  [[nodiscard]] Result<void> forget_unwritten();
  [[nodiscard]] Result<void> forget_if_unwritten(BlockIndex block, store::WriteBatch& batch);
  void add_reserved_partition();
  [[nodiscard]] Result<void> load_hidden_blocks();
  [[nodiscard]] bool reaches_beyond_head() const;
  [[nodiscard]] Result<void> drop_beyond_head();
  [[nodiscard]] Result<void> rebuild_indices();
  [[nodiscard]] Result<void> check();
  [[nodiscard]] std::uint64_t head_size() const { return state().head ? state().head->tree_size : 0; }
  [[nodiscard]] LogState& state() { return loaded_.state; }
  [[nodiscard]] const LogState& state() const { return loaded_.state; }

  FeedRows rows_;
  LoadedLog loaded_;
};

}  // namespace shoal::feed
