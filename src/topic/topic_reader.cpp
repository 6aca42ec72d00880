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
  // `last` counts from the present ends: a partition that appears later is read from its start.
  if (start.kind == StartPosition::Kind::last) start_ = StartPosition{};
  return {};
}

void TopicReader::select(TopicFilter filter) {
  selection_.filter = std::move(filter);
  newcomers_ = cursor_.common;
  for (const auto& [stream, state] : partitions_) newcomers_ = std::max(newcomers_, cursor_.mark_of(stream));
  std::erase_if(partitions_, [&](const auto& entry) { return !selection_.filter.selects(entry.first); });
  std::erase_if(cursor_.ahead, [&](const auto& entry) { return !selection_.filter.selects(entry.first); });
  // The start position of the first selection does not apply to topics that are added.
  if (start_.kind != StartPosition::Kind::cursor) start_ = StartPosition{.cursor = cursor_};
  looked_ = false;
  unseen_ = true;
}

Result<std::optional<Slice>> TopicReader::next() { return walk<Slice>(); }

Result<std::optional<SelectedBatch>> TopicReader::next_batch() { return walk<SelectedBatch>(); }

template <typename Value>
Result<std::optional<Value>> TopicReader::walk() {
  for (;;) {
    SHOAL_CHECK(refresh());
    const std::uint64_t limit = selection_.ordered ? order_limit() : std::numeric_limits<std::uint64_t>::max();
    std::vector<decltype(partitions_)::iterator> ready;
    for (auto state = partitions_.begin(); state != partitions_.end(); ++state) {
      if (state->second.candidate && state->second.candidate->block.value() < limit) ready.push_back(state);
    }
    std::sort(ready.begin(), ready.end(),
              [](const auto& a, const auto& b) { return a->second.candidate->block < b->second.candidate->block; });
    if (selection_.ordered && ready.size() > 1) ready.resize(1);

    bool moved = false;
    for (const auto& state : ready) {
      SHOAL_TRY(auto taken, take<Value>(state->first, state->second));
      if (taken) return taken;
      if (!state->second.candidate) moved = true;
    }
    if (!moved) return std::optional<Value>{};
  }
}

Result<bool> TopicReader::has_read_to(std::uint64_t tree_size) {
  SHOAL_CHECK(refresh());
  // A partition that is not in partitions_ yet would begin at the common mark.
  if (unseen_ && std::max(seen_.header_prefix, cursor_.common.block.value()) < tree_size) return false;
  return std::all_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
    const ReadState& state = entry.second;
    if (state.mark.block.value() >= tree_size) return true;
    if (state.candidate) return state.candidate->block.value() >= tree_size;
    return std::max(state.clear_to, seen_.header_prefix) >= tree_size;
  });
}

Cursor TopicReader::cursor() const { return cursor_; }

BlockIndex TopicReader::read_to() const {
  if (selection_.ordered) return cursor_.common.block;
  if (partitions_.empty() || unseen_) return BlockIndex{0};
  BlockIndex to{std::numeric_limits<std::int64_t>::max()};
  for (const auto& [stream, state] : partitions_) to = std::min(to, state.mark.block);
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
    // The extent was taken before the look-ahead, so a partition without a candidate has no block below that extent.
    seen_ = now;
    looked_ = true;
    SHOAL_TRY(const auto views, reader_->topics());
    for (const feed::TopicView& view : views) {
      if (!selection_.filter.selects(view.stream)) continue;
      const auto [entry, fresh] = partitions_.try_emplace(view.stream);
      if (fresh) place(view.stream, view, entry->second);
      if (!entry->second.candidate) SHOAL_CHECK(look_ahead(view.stream, view, entry->second));
    }
    SHOAL_TRY(unseen_, may_have_unseen());
    return {};
  }
  for (auto& [stream, state] : partitions_) {
    if (state.candidate || !state.stale) continue;
    SHOAL_TRY(const auto view, reader_->topic(stream));
    if (view) SHOAL_CHECK(look_ahead(stream, *view, state));
  }
  return {};
}

void TopicReader::place(const TopicPartition& stream, const feed::TopicView& view, ReadState& state) {
  state.mark = std::max(cursor_.mark_of(stream), newcomers_);
  if (state.mark > cursor_.mark_of(stream)) cursor_.ahead[stream] = state.mark;
  if (start_.kind == StartPosition::Kind::offset) state.min_offset = start_.number;
  if (start_.kind == StartPosition::Kind::last) {
    state.min_offset = std::max<std::int64_t>(0, view.end.value() - start_.number);
  }
}

Result<void> TopicReader::jump(const TopicPartition& stream, const feed::TopicView& view, ReadState& state) {
  // Jumps only save work; the filters in select() and wanted() decide what is delivered.
  Mark mark = state.mark;
  if (state.min_offset > 0 && view.end.value() <= state.min_offset) {
    if (view.last_block) mark = std::max(mark, Mark{*view.last_block + 1, 0});
  } else if (state.min_offset > 0) {
    SHOAL_TRY(const auto block, reader_->block_of_offset(stream, Offset(state.min_offset)));
    if (block) {
      SHOAL_TRY(const auto header, reader_->header(*block));
      const std::int64_t inside = state.min_offset - header.base_offset.value();
      if (inside >= 0 && state.min_offset < header.next_offset().value()) {
        mark = std::max(mark, Mark{*block, static_cast<std::uint32_t>(inside)});
      }
    }
  }
  if (skips_pruned(state) && view.log_start.value() > 0) {
    SHOAL_TRY(const auto block, reader_->block_of_offset(stream, view.log_start));
    if (block) mark = std::max(mark, Mark{*block, 0});
  }
  if (selection_.from) {
    SHOAL_TRY(const auto block, reader_->block_of_time(stream, *selection_.from));
    if (block && block->value() < seen_.header_prefix) mark = std::max(mark, Mark{*block, 0});
  }
  if (mark == state.mark) return {};
  state.mark = mark;
  if (mark > cursor_.common) cursor_.ahead[stream] = mark;
  return {};
}

Result<void> TopicReader::look_ahead(const TopicPartition& stream, const feed::TopicView& view, ReadState& state) {
  state.stale = false;
  if (!state.begun) SHOAL_CHECK(jump(stream, view, state));
  const BlockIndex from = state.mark.block;
  if (!view.last_block || *view.last_block < from) state.clear_to = std::max(state.clear_to, view.known_to);
  const auto after = from.value() == 0 ? std::nullopt : std::optional(from - 1);
  SHOAL_TRY(const auto block, reader_->next_block(stream, after));
  if (!block) return {};
  SHOAL_TRY(auto header, reader_->header(*block));
  // A header whose predecessor lies at `from` or after it shows a hole: a block between is not held yet.
  if (header.previous && *header.previous >= from) return {};
  state.candidate = Candidate{*block, std::move(header)};
  return {};
}

Result<bool> TopicReader::may_have_unseen() const {
  if (seen_.topic_count > 0 && seen_.entries >= seen_.topic_count) return false;
  if (!selection_.filter.names_only()) return true;
  SHOAL_TRY(const auto manifest, reader_->manifest());
  for (const std::string& name : selection_.filter.topics) {
    // A topic that the held manifest does not name counts as one partition.
    std::uint32_t partitions = 1;
    if (manifest) {
      for (const feed::ManifestTopic& topic : manifest->topics) {
        if (topic.name == name) partitions = topic.partitions;
      }
    }
    if (!has_partitions_of(name, partitions)) return true;
  }
  return false;
}

bool TopicReader::has_partitions_of(const std::string& topic, std::uint32_t partitions) const {
  if (selection_.filter.partition) return partitions_.contains({topic, *selection_.filter.partition});
  for (std::uint32_t i = 0; i < partitions; ++i) {
    if (!partitions_.contains({topic, Partition(static_cast<std::int32_t>(i))})) return false;
  }
  return true;
}

std::uint64_t TopicReader::order_limit() const {
  std::uint64_t limit = unseen_ ? seen_.header_prefix : std::numeric_limits<std::uint64_t>::max();
  for (const auto& [stream, state] : partitions_) {
    if (!state.candidate) limit = std::min(limit, std::max(state.clear_to, seen_.header_prefix));
  }
  return limit;
}

bool TopicReader::wanted(const ReadState& state, const Candidate& candidate) const {
  const feed::BlockHeader& header = candidate.header;
  if (!header.is(feed::BlockKind::data)) return false;
  if (header.next_offset().value() <= state.min_offset) return false;
  if (selection_.from && header.largest_time < *selection_.from) return false;
  return !selection_.before || header.smallest_time < *selection_.before;
}

bool TopicReader::skips_pruned(const ReadState& state) const {
  return !state.delivered && start_.kind == StartPosition::Kind::cursor && start_.cursor == Cursor{};
}

template <typename Value>
Result<std::optional<Value>> TopicReader::take(const TopicPartition& stream, ReadState& state) {
  if (!wanted(state, *state.candidate)) {
    step_over(stream, state);
    return std::optional<Value>{};
  }
  auto payload = reader_->payload(state.candidate->block);
  if (!payload) {
    if (payload.error().code == Code::not_found) return std::optional<Value>{};
    if (payload.error().code != Code::pruned || !skips_pruned(state)) {
      if (payload.error().code == Code::pruned) pruned_at_ = PrunedAt{stream, state.candidate->header.base_offset};
      return std::move(payload).error();
    }
    step_over(stream, state);
    return std::optional<Value>{};
  }
  auto selected = select(stream, state, std::move(*payload));
  Value taken;
  if constexpr (std::is_same_v<Value, Slice>) {
    SHOAL_TRY(taken, Slice::open(std::move(selected)));
  } else {
    taken = std::move(selected);
  }
  step_over(stream, state);
  if constexpr (std::is_same_v<Value, Slice>) {
    if (taken.records.empty()) return std::optional<Value>{};
  }
  state.delivered = true;
  taken.cursor = cursor_;
  return std::optional<Value>(std::move(taken));
}

SelectedBatch TopicReader::select(const TopicPartition& stream, const ReadState& state, Bytes payload) const {
  SelectedBatch selected;
  selected.block = state.candidate->block;
  selected.stream = stream;
  selected.append_time = state.candidate->header.append_time;
  selected.batch = std::move(payload);
  selected.first = Offset(state.min_offset);
  const bool resumed_inside = state.candidate->block == state.mark.block;
  if (resumed_inside) {
    selected.first = std::max(selected.first, state.candidate->header.base_offset + state.mark.record);
  }
  selected.from = selection_.from;
  selected.before = selection_.before;
  selected.ordered = selection_.ordered;
  return selected;
}

void TopicReader::step_over(const TopicPartition& stream, ReadState& state) {
  state.mark = Mark{state.candidate->block + 1, 0};
  state.candidate.reset();
  state.stale = true;
  state.begun = true;
  if (selection_.ordered) {
    cursor_.common = std::max(cursor_.common, state.mark);
    std::erase_if(cursor_.ahead, [&](const auto& entry) { return entry.second <= cursor_.common; });
  } else {
    cursor_.ahead[stream] = state.mark;
  }
}

}  // namespace shoal::topic
