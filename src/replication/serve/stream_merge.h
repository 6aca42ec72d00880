#pragma once

#include "feed/read/feed_reader.h"
#include "replication/peers/read_budget.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::replication {

/// Finds the held blocks of some topic partitions in feed order. State only: it reads in next().
///
/// Two ways to the next block are taken together. The feed is walked header by header, which needs no memory and is
/// quick where the partitions are most of the feed; and with each header that is none of theirs one more partition gets
/// a cursor, its next block by the index. Once all have one, a k-way merge of the cursors goes on alone. So a want of
/// many partitions begins without a list of them and with nothing read, and no want reads more than twice what the
/// better way would. A partition of which nothing more is to come keeps no cursor, and each new limit begins without
/// any.
class StreamMerge {
 public:
  StreamMerge(const feed::FeedReader& reader, std::vector<TopicPartition> wanted);

  struct Next {
    std::optional<BlockIndex> block;  ///< nullopt: none is held below the limit
    bool later = false;               ///< the turn ended before a block was found: to be called again
  };
  /// The first held block in [from, limit). `from` never goes back, and stays below what was given and not taken; a
  /// larger limit comes when nothing is left below the former one.
  [[nodiscard]] Result<Next> next(std::uint64_t from, std::uint64_t limit, ReadTurn& turn);

  /// Bytes that it keeps.
  [[nodiscard]] std::size_t memory() const { return wanted_bytes_ + cursors_.capacity() * sizeof(Cursor); }

 private:
  /// One wanted partition, or all of a topic.
  struct Wanted {
    TopicPartition stream;
    std::uint32_t resolved = 0;  ///< partitions, from the first on, that have (or need) no cursor any more
  };
  struct Cursor {
    std::uint64_t block = 0;
    std::uint32_t wanted = 0;
    Partition partition{0};
  };
  static_assert(sizeof(Cursor) == 16);

  [[nodiscard]] static bool is_later(const Cursor& a, const Cursor& b) { return a.block > b.block; }
  /// It is wanted and has no cursor yet.
  [[nodiscard]] bool is_walked(const TopicPartition& stream) const;
  /// The header at `at_` is of such a partition.
  [[nodiscard]] Result<bool> found_here() const;
  /// Gives one more partition its cursor; false when all have theirs.
  [[nodiscard]] Result<bool> resolve_next(ReadTurn& turn);
  /// A cursor at the partition's first held block from `from` on, when there is one below the limit.
  [[nodiscard]] Result<void> put_cursor(std::uint32_t wanted, Partition partition, std::uint64_t from);

  const feed::FeedReader& reader_;
  std::vector<Wanted> wanted_;  ///< by topic; a whole topic stands alone
  std::size_t wanted_bytes_ = 0;
  std::vector<Cursor> cursors_;  ///< a heap, the lowest block first
  std::uint64_t limit_ = 0;
  std::uint64_t at_ = 0;       ///< all before it was walked
  std::size_t resolving_ = 0;  ///< of wanted_
  bool all_resolved_ = false;
};

}  // namespace shoal::replication
