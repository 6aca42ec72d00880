#include "replication/serve/stream_merge.h"

#include "base/try.h"
#include "replication/wire/message.h"

namespace shoal::replication {

StreamMerge::StreamMerge(const feed::FeedReader& reader, std::vector<TopicPartition> wanted, std::uint64_t begin)
    : reader_(reader), begin_(begin) {
  for (TopicPartition& one : wanted) {
    if (one.partition == kAllPartitions) {
      whole_topics_.insert(std::move(one.topic));
    } else {
      cursors_.try_emplace(std::move(one));
    }
  }
}

Result<std::optional<BlockIndex>> StreamMerge::peek() {
  if (ready_.empty()) SHOAL_CHECK(refresh());
  if (ready_.empty()) return std::optional<BlockIndex>();
  return std::optional<BlockIndex>(ready_.begin()->first);
}

void StreamMerge::pop() {
  const auto [block, stream] = *ready_.begin();
  ready_.erase(ready_.begin());
  Cursor& cursor = cursors_[stream];
  cursor.after = block;
  cursor.next.reset();
  // A failure shows at the next peek(), which advances what has no next block.
  (void)advance(stream, cursor);
}

Result<void> StreamMerge::refresh() {
  SHOAL_CHECK(take_up_partitions());
  for (auto& [stream, cursor] : cursors_) {
    if (!cursor.next) SHOAL_CHECK(advance(stream, cursor));
  }
  return {};
}

/// Partitions never go, and a holder of all headers meets new ones only with a larger topic state.
Result<void> StreamMerge::take_up_partitions() {
  const std::optional<feed::Checkpoint> head = reader_.head();
  const std::uint32_t count = head ? head->topic_count : 0;
  const bool knows_all = head && reader_.header_prefix() >= head->tree_size;
  if (whole_topics_.empty() || (knows_all && count == expanded_for_)) return {};
  SHOAL_TRY(const std::vector<feed::TopicView> known, reader_.topics());
  for (const feed::TopicView& view : known) {
    if (whole_topics_.contains(view.stream.topic)) cursors_.try_emplace(view.stream);
  }
  expanded_for_ = count;
  return {};
}

Result<void> StreamMerge::advance(const TopicPartition& stream, Cursor& cursor) {
  if (!cursor.after && begin_ > 0) cursor.after = BlockIndex{begin_ - 1};
  // The last block is known in memory: a live want of many quiet topics must not read the store for each at every head.
  SHOAL_TRY(const std::optional<feed::TopicView> view, reader_.topic(stream));
  if (!view || !view->last_block || (cursor.after && *view->last_block <= *cursor.after)) return {};
  SHOAL_TRY(cursor.next, reader_.next_block(stream, cursor.after));
  if (cursor.next) ready_.emplace(*cursor.next, stream);
  return {};
}

}  // namespace shoal::replication
