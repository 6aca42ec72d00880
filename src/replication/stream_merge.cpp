#include "replication/stream_merge.h"

#include "base/try.h"
#include "replication/message.h"

namespace shoal::replication {

StreamMerge::StreamMerge(const feed::FeedReader& reader, std::vector<TopicPartition> wanted, std::uint64_t begin)
    : reader_(reader), wanted_(std::move(wanted)), begin_(begin) {}

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
  bool whole_topics = false;
  for (const TopicPartition& one : wanted_) {
    if (one.partition == kAllPartitions) {
      whole_topics = true;
    } else {
      cursors_.try_emplace(one);
    }
  }
  if (whole_topics) {
    SHOAL_TRY(const std::vector<feed::TopicView> known, reader_.topics());
    for (const feed::TopicView& view : known) {
      for (const TopicPartition& one : wanted_) {
        if (one.topic == view.stream.topic && one.partition == kAllPartitions) cursors_.try_emplace(view.stream);
      }
    }
  }
  for (auto& [stream, cursor] : cursors_) {
    if (!cursor.next) SHOAL_CHECK(advance(stream, cursor));
  }
  return {};
}

Result<void> StreamMerge::advance(const TopicPartition& stream, Cursor& cursor) {
  if (!cursor.after && begin_ > 0) cursor.after = BlockIndex{begin_ - 1};
  SHOAL_TRY(cursor.next, reader_.next_block(stream, cursor.after));
  if (cursor.next) ready_.emplace(*cursor.next, stream);
  return {};
}

}  // namespace shoal::replication
