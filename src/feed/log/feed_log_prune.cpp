#include "base/assert.h"
#include "base/try.h"
#include "feed/log/feed_log.h"
#include "feed/log/log_rows.h"

#include <algorithm>
#include <map>
#include <mutex>

// The part of FeedLog that drops payloads: on its changing thread, but for reclaim().
namespace shoal::feed {
namespace {

/// Erasing a long run as one range is cheaper than row by row; many short ranges would slow down every reader.
constexpr std::uint64_t kLongRun = 64;

/// A part of `set` that covers whole rows of it.
RangeSet chunks_of(const RangeSet& set, const BlockRange& span) {
  const std::uint64_t begin = span.begin.value() - span.begin.value() % kHaveChunk;
  const std::uint64_t end = (span.end.value() + kHaveChunk - 1) / kHaveChunk * kHaveChunk;
  RangeSet part;
  for (const BlockRange& run : set.runs(begin, end)) part.add(run);
  return part;
}

void erase_payloads(store::WriteBatch& batch, store::FeedNumber feed, const RangeSet& blocks) {
  for (const BlockRange& run : blocks.runs()) {
    if (run.end - run.begin >= kLongRun) {
      store::KeyRange range = store::block_range(feed, run.begin, run.end);
      batch.erase_range(store::Column::payloads, std::move(range.begin), std::move(range.end));
      continue;
    }
    for (BlockIndex block = run.begin; block < run.end; ++block) {
      batch.erase(store::Column::payloads, store::block_key(feed, block));
    }
  }
}

}  // namespace

Result<Pruned> FeedLog::prune(const std::vector<BlockIndex>& blocks) {
  Pruned result;
  RangeSet marked;   // all that count as pruned from here on
  RangeSet dropped;  // those that had a payload
  std::map<std::uint32_t, PartitionState> partitions;
  for (const BlockIndex block : blocks) {
    const std::uint64_t index = block.value();
    const bool held = state_.payloads.contains(index);
    if (!state_.headers.contains(index) || (!held && state_.pruned.contains(index))) continue;
    SHOAL_TRY(const BlockHeader header, this->header(block));
    if (header.is(BlockKind::manifest)) continue;
    const std::optional<std::uint32_t> number = state_.number_of(header.stream);
    SHOAL_ASSERT(number.has_value());
    PartitionState& partition = partitions.try_emplace(*number, state_.partitions[*number]).first->second;
    partition.log_start = std::max(partition.log_start, header.next_offset());
    partition.high_watermark = std::max(partition.high_watermark, partition.log_start);
    marked.add(index);
    result.newest_append_time = std::max(result.newest_append_time.value_or(header.append_time), header.append_time);
    if (!held) continue;
    partition.payload_bytes -= std::min<std::uint64_t>(partition.payload_bytes, header.payload_size);
    dropped.add(index);
    result.bytes += header.payload_size;
  }
  if (marked.count() == 0) return result;
  result.payloads = dropped.count();
  if (dropped.count() > 0) {
    result.span = {dropped.runs().front().begin, BlockIndex{dropped.bound()}};
  }
  SHOAL_CHECK(write_pruned(marked, dropped, partitions));
  return result;
}

/// Shown first: a reader that finds a row gone then also finds that it was pruned. One batch: a crash leaves all or
/// nothing.
Result<void> FeedLog::write_pruned(const RangeSet& marked, const RangeSet& dropped,
                                   const std::map<std::uint32_t, PartitionState>& partitions) {
  const BlockRange span{marked.runs().front().begin, BlockIndex{marked.bound()}};
  RangeSet payloads = chunks_of(state_.payloads, span);
  RangeSet pruned = chunks_of(state_.pruned, span);
  for (const BlockRange& run : dropped.runs()) payloads.remove(run);
  for (const BlockRange& run : marked.runs()) pruned.add(run);
  store::WriteBatch batch;
  put_have_range(batch, number_, HaveSet::payloads, payloads, span.begin.value(), span.end.value());
  put_have_range(batch, number_, HaveSet::pruned, pruned, span.begin.value(), span.end.value());
  erase_payloads(batch, number_, dropped);
  for (const auto& [number, partition] : partitions) {
    const TopicStateEntry* entry = partition.position ? &state_.topics->at(*partition.position) : nullptr;
    batch.put(store::Column::topics, store::topic_key(number_, store::TopicNumber{number}),
              encode_partition(partition, entry));
  }
  const auto show = [&](bool gone) {
    const std::unique_lock lock(mutex_);
    for (const BlockRange& run : dropped.runs()) {
      gone ? state_.payloads.remove(run) : state_.payloads.add(run);
    }
    for (const BlockRange& run : marked.runs()) {
      gone ? state_.pruned.add(run) : state_.pruned.remove(run);
    }
  };
  show(true);
  if (const auto written = stores_.blocks->write(batch, store::Sync::no); !written) {
    show(false);
    return written.error();
  }
  std::vector<std::uint32_t> touched;
  {
    const std::unique_lock lock(mutex_);
    for (const BlockRange& run : dropped.runs()) state_.returned.remove(run);
    for (const auto& [number, partition] : partitions) {
      state_.partitions[number] = partition;
      touched.push_back(number);
    }
    ++state_.payload_changes;
  }
  return settle_watermarks(touched);
}

Result<void> FeedLog::reclaim(const BlockRange& span) const {
  if (span.begin >= span.end) return {};
  const store::KeyRange range = store::block_range(number_, span.begin, span.end);
  return stores_.blocks->reclaim(store::Column::payloads, range.begin, range.end);
}

Result<void> FeedLog::prune_before(BlockIndex end) {
  std::vector<BlockIndex> blocks;
  for (const BlockRange& run : state_.payloads.runs(0, end.value())) {
    for (BlockIndex block = run.begin; block < run.end; ++block) blocks.push_back(block);
  }
  SHOAL_TRY(const Pruned pruned, prune(blocks));
  return reclaim(pruned.span);
}

}  // namespace shoal::feed
