#include "topic/topic_reader.h"

#include "base/assert.h"
#include "base/try.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

namespace shoal::topic {

TopicReader::TopicReader(const feed::FeedReader& reader, Selection selection)
    : reader_(&reader), selection_(std::move(selection)) {}

Result<void> TopicReader::start(const StartPosition& start) {
  start_ = start;
  const auto head = reader_->head();
  cursor_ = start.cursor;
  if (start.kind == StartPosition::Kind::end) {
    cursor_ = Cursor{};
    cursor_.common.block = BlockIndex(head ? head->tree_size : 0);
  }
  if (head) cursor_.epoch = head->epoch;
  SHOAL_CHECK(refresh());
  // `last` counts from the ends of now: what appears later is wanted whole.
  if (start.kind == StartPosition::Kind::last) start_ = StartPosition{};
  return {};
}

void TopicReader::select(TopicFilter filter) {
  selection_.filter = std::move(filter);
  newcomers_ = cursor_.common;
  for (const auto& [stream, lane] : lanes_) newcomers_ = std::max(newcomers_, cursor_.mark_of(stream));
  std::erase_if(lanes_, [&](const auto& entry) { return !selection_.filter.selects(entry.first); });
  std::erase_if(cursor_.ahead, [&](const auto& entry) { return !selection_.filter.selects(entry.first); });
  // What the first selection was to begin with says nothing of the newcomers.
  if (start_.kind != StartPosition::Kind::cursor) start_ = StartPosition{.cursor = cursor_};
  looked_ = false;
  unseen_ = true;
}

Result<std::optional<Slice>> TopicReader::next() { return walk<Slice>(); }

Result<std::optional<SelectedBatch>> TopicReader::next_batch() { return walk<SelectedBatch>(); }

template <typename Taken>
Result<std::optional<Taken>> TopicReader::walk() {
  for (;;) {
    SHOAL_CHECK(refresh());
    const std::uint64_t limit = selection_.ordered ? order_limit() : std::numeric_limits<std::uint64_t>::max();
    std::vector<decltype(lanes_)::iterator> ready;
    for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
      if (lane->second.candidate && lane->second.candidate->block.value() < limit) ready.push_back(lane);
    }
    std::sort(ready.begin(), ready.end(),
              [](const auto& a, const auto& b) { return a->second.candidate->block < b->second.candidate->block; });
    if (selection_.ordered && ready.size() > 1) ready.resize(1);

    bool moved = false;
    for (const auto& lane : ready) {
      SHOAL_TRY(auto taken, take<Taken>(lane->first, lane->second));
      if (taken) return taken;
      if (!lane->second.candidate) moved = true;
    }
    if (!moved) return std::optional<Taken>{};
  }
}

Result<bool> TopicReader::has_read_to(std::uint64_t tree_size) {
  SHOAL_CHECK(refresh());
  // A partition that is no lane yet would begin at the common mark.
  if (unseen_ && std::max(seen_.header_prefix, cursor_.common.block.value()) < tree_size) return false;
  return std::all_of(lanes_.begin(), lanes_.end(), [&](const auto& entry) {
    const Lane& lane = entry.second;
    if (lane.mark.block.value() >= tree_size) return true;
    if (lane.candidate) return lane.candidate->block.value() >= tree_size;
    return std::max(lane.clear_to, seen_.header_prefix) >= tree_size;
  });
}

Cursor TopicReader::cursor() const { return cursor_; }

BlockIndex TopicReader::read_to() const {
  if (selection_.ordered) return cursor_.common.block;
  if (lanes_.empty() || unseen_) return BlockIndex{0};
  BlockIndex to{std::numeric_limits<std::int64_t>::max()};
  for (const auto& [stream, lane] : lanes_) to = std::min(to, lane.mark.block);
  return to;
}

TopicReader::Extent TopicReader::extent() const {
  return reader_->log().inspect([](const feed::LogState& state) {
    Extent extent;
    if (state.head) {
      extent.tree_size = state.head->tree_size;
      extent.topic_count = state.head->topic_count;
    }
    extent.header_prefix = state.tail.size();
    extent.headers = state.headers.count();
    extent.payload_changes = state.payload_changes;
    if (state.topics_complete()) {
      extent.entries = state.topics->size();
    } else if (state.head) {
      for (const feed::PartitionState& partition : state.partitions) {
        if (partition.learned && partition.learned->is_under(*state.head)) ++extent.entries;
      }
    }
    return extent;
  });
}

Result<void> TopicReader::refresh() {
  const Extent now = extent();
  if (!looked_ || !(now == seen_)) {
    // The extent was taken before the lanes look, so a lane that finds nothing has nothing below that extent.
    seen_ = now;
    looked_ = true;
    SHOAL_TRY(const auto views, reader_->topics());
    for (const feed::TopicView& view : views) {
      if (!selection_.filter.selects(view.stream)) continue;
      const auto [entry, fresh] = lanes_.try_emplace(view.stream);
      if (fresh) place(view.stream, view, entry->second);
      if (!entry->second.candidate) SHOAL_CHECK(look_ahead(view.stream, view, entry->second));
    }
    SHOAL_TRY(unseen_, may_have_unseen());
    return {};
  }
  for (auto& [stream, lane] : lanes_) {
    if (lane.candidate || !lane.stale) continue;
    SHOAL_TRY(const auto view, reader_->topic(stream));
    if (view) SHOAL_CHECK(look_ahead(stream, *view, lane));
  }
  return {};
}

void TopicReader::place(const TopicPartition& stream, const feed::TopicView& view, Lane& lane) {
  lane.mark = std::max(cursor_.mark_of(stream), newcomers_);
  if (lane.mark > cursor_.mark_of(stream)) cursor_.ahead[stream] = lane.mark;
  if (start_.kind == StartPosition::Kind::offset) lane.min_offset = start_.number;
  if (start_.kind == StartPosition::Kind::last) {
    lane.min_offset = std::max<std::int64_t>(0, view.end.value() - start_.number);
  }
}

Result<void> TopicReader::jump(const TopicPartition& stream, const feed::TopicView& view, Lane& lane) {
  // Jumps only spare work; the filters in select() and wanted() decide what is delivered.
  Mark mark = lane.mark;
  if (lane.min_offset > 0 && view.end.value() <= lane.min_offset) {
    if (view.last_block) mark = std::max(mark, Mark{*view.last_block + 1, 0});
  } else if (lane.min_offset > 0) {
    SHOAL_TRY(const auto block, reader_->block_of_offset(stream, Offset(lane.min_offset)));
    if (block) {
      SHOAL_TRY(const auto header, reader_->header(*block));
      const std::int64_t inside = lane.min_offset - header.base_offset.value();
      if (inside >= 0 && lane.min_offset < header.next_offset().value()) {
        mark = std::max(mark, Mark{*block, static_cast<std::uint32_t>(inside)});
      }
    }
  }
  if (skips_pruned(lane) && view.log_start.value() > 0) {
    SHOAL_TRY(const auto block, reader_->block_of_offset(stream, view.log_start));
    if (block) mark = std::max(mark, Mark{*block, 0});
  }
  if (selection_.from) {
    SHOAL_TRY(const auto block, reader_->block_of_time(stream, *selection_.from));
    if (block && block->value() < seen_.header_prefix) mark = std::max(mark, Mark{*block, 0});
  }
  if (mark == lane.mark) return {};
  lane.mark = mark;
  if (mark > cursor_.common) cursor_.ahead[stream] = mark;
  return {};
}

Result<void> TopicReader::look_ahead(const TopicPartition& stream, const feed::TopicView& view, Lane& lane) {
  lane.stale = false;
  if (!lane.begun) SHOAL_CHECK(jump(stream, view, lane));
  const BlockIndex from = lane.mark.block;
  if (!view.last_block || *view.last_block < from) lane.clear_to = std::max(lane.clear_to, view.known_to);
  const auto after = from.value() == 0 ? std::nullopt : std::optional(from - 1);
  SHOAL_TRY(const auto block, reader_->next_block(stream, after));
  if (!block) return {};
  SHOAL_TRY(auto header, reader_->header(*block));
  // A header whose predecessor lies ahead of us shows a hole: the blocks between are still to come.
  if (header.previous && *header.previous >= from) return {};
  lane.candidate = Candidate{*block, std::move(header)};
  return {};
}

Result<bool> TopicReader::may_have_unseen() const {
  if (seen_.topic_count > 0 && seen_.entries >= seen_.topic_count) return false;
  if (!selection_.filter.names_only()) return true;
  SHOAL_TRY(const auto manifest, reader_->manifest());
  for (const std::string& name : selection_.filter.topics) {
    // What no manifest that is held here names has one partition, as far as can be known.
    std::uint32_t partitions = 1;
    if (manifest) {
      for (const feed::ManifestTopic& topic : manifest->topics) {
        if (topic.name == name) partitions = topic.partitions;
      }
    }
    if (!has_lanes_of(name, partitions)) return true;
  }
  return false;
}

bool TopicReader::has_lanes_of(const std::string& topic, std::uint32_t partitions) const {
  if (selection_.filter.partition) return lanes_.contains({topic, *selection_.filter.partition});
  for (std::uint32_t i = 0; i < partitions; ++i) {
    if (!lanes_.contains({topic, Partition(static_cast<std::int32_t>(i))})) return false;
  }
  return true;
}

std::uint64_t TopicReader::order_limit() const {
  std::uint64_t limit = unseen_ ? seen_.header_prefix : std::numeric_limits<std::uint64_t>::max();
  for (const auto& [stream, lane] : lanes_) {
    if (!lane.candidate) limit = std::min(limit, std::max(lane.clear_to, seen_.header_prefix));
  }
  return limit;
}

bool TopicReader::wanted(const Lane& lane, const Candidate& candidate) const {
  const feed::BlockHeader& header = candidate.header;
  if (!header.is(feed::BlockKind::data)) return false;
  if (header.next_offset().value() <= lane.min_offset) return false;
  if (selection_.from && header.largest_time < *selection_.from) return false;
  return !selection_.before || header.smallest_time < *selection_.before;
}

bool TopicReader::skips_pruned(const Lane& lane) const {
  return !lane.delivered && start_.kind == StartPosition::Kind::cursor && start_.cursor == Cursor{};
}

template <typename Taken>
Result<std::optional<Taken>> TopicReader::take(const TopicPartition& stream, Lane& lane) {
  if (!wanted(lane, *lane.candidate)) {
    step_over(stream, lane);
    return std::optional<Taken>{};
  }
  auto payload = reader_->payload(lane.candidate->block);
  if (!payload) {
    if (payload.error().code == Code::not_found) return std::optional<Taken>{};
    if (payload.error().code != Code::pruned || !skips_pruned(lane)) {
      if (payload.error().code == Code::pruned) pruned_at_ = PrunedAt{stream, lane.candidate->header.base_offset};
      return std::move(payload).error();
    }
    step_over(stream, lane);
    return std::optional<Taken>{};
  }
  auto selected = select(stream, lane, std::move(*payload));
  Taken taken;
  if constexpr (std::is_same_v<Taken, Slice>) {
    SHOAL_TRY(taken, Slice::open(std::move(selected)));
  } else {
    taken = std::move(selected);
  }
  step_over(stream, lane);
  if constexpr (std::is_same_v<Taken, Slice>) {
    if (taken.records.empty()) return std::optional<Taken>{};
  }
  lane.delivered = true;
  taken.cursor = cursor_;
  return std::optional<Taken>(std::move(taken));
}

SelectedBatch TopicReader::select(const TopicPartition& stream, const Lane& lane, Bytes payload) const {
  SelectedBatch selected;
  selected.block = lane.candidate->block;
  selected.stream = stream;
  selected.append_time = lane.candidate->header.append_time;
  selected.batch = std::move(payload);
  selected.first = Offset(lane.min_offset);
  const bool resumed_inside = lane.candidate->block == lane.mark.block;
  if (resumed_inside) {
    selected.first = std::max(selected.first, lane.candidate->header.base_offset + lane.mark.record);
  }
  selected.from = selection_.from;
  selected.before = selection_.before;
  selected.ordered = selection_.ordered;
  return selected;
}

void TopicReader::step_over(const TopicPartition& stream, Lane& lane) {
  lane.mark = Mark{lane.candidate->block + 1, 0};
  lane.candidate.reset();
  lane.stale = true;
  lane.begun = true;
  if (selection_.ordered) {
    cursor_.common = std::max(cursor_.common, lane.mark);
    std::erase_if(cursor_.ahead, [&](const auto& entry) { return entry.second <= cursor_.common; });
  } else {
    cursor_.ahead[stream] = lane.mark;
  }
}

}  // namespace shoal::topic
