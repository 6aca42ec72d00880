#include "replication/serve/stream_merge.h"

#include "base/try.h"
#include "replication/wire/message.h"

#include <algorithm>

namespace shoal::replication {

StreamMerge::StreamMerge(const feed::FeedReader& reader, std::vector<TopicPartition> wanted) : reader_(reader) {
  // The name for all partitions of a topic sorts before each of them.
  std::sort(wanted.begin(), wanted.end());
  for (TopicPartition& one : wanted) {
    const TopicPartition* last = wanted_.empty() ? nullptr : &wanted_.back().stream;
    const bool covered =
        last != nullptr && (*last == one || (last->topic == one.topic && last->partition == kAllPartitions));
    if (covered) continue;
    wanted_bytes_ += sizeof(Wanted) + one.topic.capacity();
    wanted_.push_back({std::move(one)});
  }
}

Result<StreamMerge::Next> StreamMerge::next(std::uint64_t from, std::uint64_t limit, ReadTurn& turn) {
  if (limit != limit_) {
    limit_ = limit;
    at_ = from;
    std::vector<Cursor>().swap(cursors_);
    for (Wanted& one : wanted_) one.resolved = 0;
    resolving_ = 0;
    all_resolved_ = false;
  }
  at_ = std::max(at_, from);
  while (!cursors_.empty() && cursors_.front().block < from) {
    const Cursor taken = cursors_.front();
    std::pop_heap(cursors_.begin(), cursors_.end(), is_later);
    cursors_.pop_back();
    SHOAL_CHECK(put_cursor(taken.wanted, taken.partition, from));
  }
  while (true) {
    if (!cursors_.empty() && (all_resolved_ || cursors_.front().block <= at_)) {
      return Next{BlockIndex{cursors_.front().block}};
    }
    if (at_ >= limit_) return Next{};
    if (!turn.left()) return Next{std::nullopt, true};
    if (!all_resolved_) {
      SHOAL_TRY(const bool found, found_here());
      if (found) return Next{BlockIndex{at_}};
      ++at_;
      turn.spend(ReadBudget::kRow);
    }
    SHOAL_TRY(const bool more, resolve_next(turn));
    if (!more && cursors_.empty() && all_resolved_) return Next{};
    all_resolved_ = !more;
  }
}

bool StreamMerge::is_walked(const TopicPartition& stream) const {
  const auto before = [](const Wanted& one, const TopicPartition& other) { return one.stream < other; };
  const auto find = [&](const TopicPartition& name) {
    const auto found = std::lower_bound(wanted_.begin(), wanted_.end(), name, before);
    return found != wanted_.end() && found->stream == name ? &*found : nullptr;
  };
  if (const Wanted* topic = find({stream.topic, kAllPartitions})) {
    return static_cast<std::uint32_t>(stream.partition.value()) >= topic->resolved;
  }
  const Wanted* one = find(stream);
  return one != nullptr && one->resolved == 0;
}

Result<bool> StreamMerge::found_here() const {
  const auto header = reader_.header(BlockIndex{at_});
  if (header) return is_walked(header->stream);
  if (header.error().code == Code::not_found) return false;
  return header.error();
}

Result<bool> StreamMerge::resolve_next(ReadTurn& turn) {
  // Topics may have got more partitions meanwhile.
  if (all_resolved_) resolving_ = 0;
  for (; resolving_ < wanted_.size(); ++resolving_) {
    Wanted& one = wanted_[resolving_];
    const bool whole = one.stream.partition == kAllPartitions;
    if (one.resolved >= (whole ? reader_.partitions(one.stream.topic) : 1)) continue;
    const Partition partition = whole ? Partition{static_cast<std::int32_t>(one.resolved)} : one.stream.partition;
    ++one.resolved;
    turn.spend(ReadBudget::kRow);
    SHOAL_CHECK(put_cursor(static_cast<std::uint32_t>(resolving_), partition, at_));
    return true;
  }
  return false;
}

Result<void> StreamMerge::put_cursor(std::uint32_t wanted, Partition partition, std::uint64_t from) {
  const TopicPartition stream{wanted_[wanted].stream.topic, partition};
  const auto after = from == 0 ? std::optional<BlockIndex>() : BlockIndex{from - 1};
  SHOAL_TRY(const std::optional<BlockIndex> block, reader_.next_block(stream, after));
  if (!block || block->value() >= limit_) return {};
  cursors_.push_back({block->value(), wanted, partition});
  std::push_heap(cursors_.begin(), cursors_.end(), is_later);
  return {};
}

}  // namespace shoal::replication
