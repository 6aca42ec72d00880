#pragma once

#include "feed/read/feed_reader.h"
#include "topic/cursor.h"
#include "topic/slice.h"
#include "topic/topic_filter.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shoal::topic {

/// What is read and in which order.
struct Selection {
  TopicFilter filter;
  std::optional<UnixMs> from;    ///< only records with time >= from
  std::optional<UnixMs> before;  ///< only records with time < before
  bool ordered = true;           ///< feed order among the selected partitions; else only within each
};

/// Where a reader begins.
struct StartPosition {
  enum class Kind : std::uint8_t { cursor, end, offset, last };
  Kind kind = Kind::cursor;
  Cursor cursor;            ///< of Kind::cursor; the default is the beginning
  std::int64_t number = 0;  ///< first offset, or number of last records, of each selected partition
};

/// Reads the selected partitions of a feed from the blocks that are held, without waiting: next() returns nullopt where
/// a block is not held yet, and no record is ever skipped. A merge of sorted runs: each partition has its next
/// candidate block, and an ordered reader takes the lowest one once no partition can still get a lower one. Which
/// blocks belong to a partition comes from the chain of headers (each names the block of its partition before it) and
/// from the signed ends, so that a sparse copy is read as safely as a full one (docs/FORMAT.md, "Topic state"). Without
/// these a hole in a sparse copy would look like the end of a partition, and records would be lost silently.
/// Confined to its caller; `reader` outlives it.
class TopicReader {
 public:
  TopicReader(const feed::FeedReader& reader, Selection selection);

  /// Begins at `start`; once, before next(). `end` and `last` refer to the accepted head.
  [[nodiscard]] Result<void> start(const StartPosition& start);

  /// The next block with selected records; nullopt when it is not held yet or does not exist yet. Code::pruned when its
  /// payload was pruned here, Code::corrupt when it is damaged.
  [[nodiscard]] Result<std::optional<Slice>> next();
  /// The same, without opening the batch: a batch may come of which no record is selected.
  [[nodiscard]] Result<std::optional<SelectedBatch>> next_batch();

  /// The place at which next() last returned Code::pruned. Once its payload is fetched again, next() continues there.
  struct PrunedAt {
    TopicPartition stream;
    Offset offset{0};
  };
  [[nodiscard]] const std::optional<PrunedAt>& pruned_at() const { return pruned_at_; }

  /// Changes the selected topics. A topic that was not selected before begins at the present position; in an unordered
  /// reader that is the position of the partition that was read furthest. Before start() it replaces the selection.
  void select(TopicFilter filter);

  /// True when all selected records in the first `tree_size` blocks were read; the headers held or the signed ends
  /// prove it.
  [[nodiscard]] Result<bool> has_read_to(std::uint64_t tree_size);
  [[nodiscard]] Cursor cursor() const;
  /// No block below this one will be read again.
  [[nodiscard]] BlockIndex read_to() const;

 private:
  struct Candidate {
    BlockIndex block{0};
    feed::BlockHeader header;
  };
  /// How far one selected partition was read.
  struct ReadState {
    Mark mark;
    std::int64_t min_offset = 0;
    std::uint64_t clear_to = 0;          ///< no block of the partition lies in [mark, clear_to)
    std::optional<Candidate> candidate;  ///< the partition's next block, when its header is held
    bool stale = true;                   ///< look_ahead() is due
    bool begun = false;                  ///< a block was read or skipped
    bool delivered = false;
  };
  /// What is held, as far as the candidates depend on it: while it is unchanged, no partition gets a new one.
  struct Extent {
    std::uint64_t tree_size = 0;
    std::uint32_t topic_count = 0;
    std::uint64_t header_prefix = 0;
    std::uint64_t headers = 0;
    std::uint64_t payload_changes = 0;
    std::size_t entries = 0;  ///< of the topic state, known under the accepted head
    bool operator==(const Extent&) const = default;
  };

  [[nodiscard]] Extent extent() const;
  [[nodiscard]] Result<void> refresh();
  void place(const TopicPartition& stream, const feed::TopicView& view, ReadState& state);
  /// Moves a partition that has not begun to the start of the selection, as far as that is known here.
  [[nodiscard]] Result<void> jump(const TopicPartition& stream, const feed::TopicView& view, ReadState& state);
  [[nodiscard]] Result<void> look_ahead(const TopicPartition& stream, const feed::TopicView& view, ReadState& state);
  /// True when the feed may have selected partitions that are not in partitions_ yet.
  [[nodiscard]] Result<bool> may_have_unseen() const;
  [[nodiscard]] bool has_partitions_of(const std::string& topic, std::uint32_t partitions) const;
  [[nodiscard]] std::uint64_t order_limit() const;
  [[nodiscard]] bool wanted(const ReadState& state, const Candidate& candidate) const;
  [[nodiscard]] bool skips_pruned(const ReadState& state) const;
  /// The loop behind next() and next_batch(); `Value` is their result.
  template <typename Value>
  [[nodiscard]] Result<std::optional<Value>> walk();
  /// Takes the partition's candidate; nullopt when its payload is not held yet, or when nothing in it is selected (the
  /// state is moved on then).
  template <typename Value>
  [[nodiscard]] Result<std::optional<Value>> take(const TopicPartition& stream, ReadState& state);
  [[nodiscard]] SelectedBatch select(const TopicPartition& stream, const ReadState& state, Bytes payload) const;
  void step_over(const TopicPartition& stream, ReadState& state);

  const feed::FeedReader* reader_;
  Selection selection_;
  StartPosition start_;
  Cursor cursor_;
  Mark newcomers_;  ///< partitions that appear later begin here or after this
  std::map<TopicPartition, ReadState> partitions_;
  Extent seen_;
  std::optional<PrunedAt> pruned_at_;
  bool unseen_ = true;   ///< may_have_unseen() as of `seen_`
  bool looked_ = false;  ///< partitions_ is up to date with `seen_`
};

}  // namespace shoal::topic
