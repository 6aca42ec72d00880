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

/// Walks the selected partitions of a feed through what is held, block by block, without waiting: what is not held yet
/// ends the walk for now, and no record is ever passed over. It relies on the chain of headers (each names the block of
/// its partition before it) and on the signed ends, so it is as sure on a sparse copy as on a full one. Confined to its
/// caller.
class TopicReader {
 public:
  TopicReader(const feed::FeedReader& reader, Selection selection);

  /// Begins at `start`; once, before next(). `end` and `last` refer to the accepted head.
  [[nodiscard]] Result<void> start(const StartPosition& start);

  /// The next block with selected records; nullopt when what comes next is not held yet or does not exist yet.
  /// Code::pruned when it was dropped here, Code::corrupt when it is damaged.
  [[nodiscard]] Result<std::optional<Slice>> next();
  /// The same, without opening the batch: a batch may come of which no record is selected.
  [[nodiscard]] Result<std::optional<SelectedBatch>> next_batch();

  /// Where next() last met Code::pruned: fetched again, the walk goes on from there.
  struct PrunedAt {
    TopicPartition stream;
    Offset offset{0};
  };
  [[nodiscard]] const std::optional<PrunedAt>& pruned_at() const { return pruned_at_; }

  /// Reads these topics from here on. Those that were not selected before begin at the present position of the walk,
  /// which in an unordered one is that of the partition that is furthest. Before start() it replaces the selection.
  void select(TopicFilter filter);

  /// True when everything selected in the first `tree_size` blocks was walked over, which the headers held or the
  /// signed ends prove.
  [[nodiscard]] Result<bool> has_read_to(std::uint64_t tree_size);
  [[nodiscard]] Cursor cursor() const;
  /// No block below this one will be read any more.
  [[nodiscard]] BlockIndex read_to() const;

 private:
  struct Candidate {
    BlockIndex block{0};
    feed::BlockHeader header;
  };
  /// One selected partition.
  struct Lane {
    Mark mark;
    std::int64_t min_offset = 0;
    std::uint64_t clear_to = 0;          ///< no block of the partition lies in [mark, clear_to)
    std::optional<Candidate> candidate;  ///< the partition's next block, when its header is held
    bool stale = true;                   ///< moved since it looked for its candidate
    bool begun = false;                  ///< stepped over some block
    bool delivered = false;
  };
  /// What is held, as far as the walk depends on it: while it is equal, looking again finds nothing new.
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
  void place(const TopicPartition& stream, const feed::TopicView& view, Lane& lane);
  /// Moves a lane that has not begun to where the selection begins, as far as that is known here.
  [[nodiscard]] Result<void> jump(const TopicPartition& stream, const feed::TopicView& view, Lane& lane);
  [[nodiscard]] Result<void> look_ahead(const TopicPartition& stream, const feed::TopicView& view, Lane& lane);
  /// Whether the feed may have selected partitions that are no lanes yet.
  [[nodiscard]] Result<bool> may_have_unseen() const;
  [[nodiscard]] bool has_lanes_of(const std::string& topic, std::uint32_t partitions) const;
  [[nodiscard]] std::uint64_t order_limit() const;
  [[nodiscard]] bool wanted(const Lane& lane, const Candidate& candidate) const;
  [[nodiscard]] bool skips_pruned(const Lane& lane) const;
  /// The walk behind next() and next_batch(); `Taken` is what they give.
  template <typename Taken>
  [[nodiscard]] Result<std::optional<Taken>> walk();
  /// Takes the lane's candidate, or nothing when its payload is not held yet or nothing in it is selected (the lane has
  /// moved on then).
  template <typename Taken>
  [[nodiscard]] Result<std::optional<Taken>> take(const TopicPartition& stream, Lane& lane);
  [[nodiscard]] SelectedBatch select(const TopicPartition& stream, const Lane& lane, Bytes payload) const;
  void step_over(const TopicPartition& stream, Lane& lane);

  const feed::FeedReader* reader_;
  Selection selection_;
  StartPosition start_;
  Cursor cursor_;
  Mark newcomers_;  ///< partitions that are seen for the first time begin no earlier
  std::map<TopicPartition, Lane> lanes_;
  Extent seen_;
  std::optional<PrunedAt> pruned_at_;
  bool unseen_ = true;   ///< may_have_unseen() as of `seen_`
  bool looked_ = false;  ///< lanes were brought up to `seen_`
};

}  // namespace shoal::topic
