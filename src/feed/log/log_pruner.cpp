#include "feed/log/log_pruner.h"

#include "base/assert.h"
#include "base/try.h"
#include "feed/log/have_rows.h"
#include "feed/log/log_rows.h"
#include "feed/log/watermark.h"

#include <algorithm>

// A pruning changes the held sets only: what they do not name is not needed, whatever the payload column still has. All
// of it goes in one batch, so a crash leaves the payloads held or pruned, never neither. The sets are shown to readers
// before the disk is given back: a reader looks a payload up in the sets and then reads its row; the other way round it
// would find a held payload without a row and report damage. When the write fails, the sets are shown as they were.
namespace shoal::feed {
namespace {

/// A part of `set` that covers whole rows of it.
RangeSet chunks_of(const RangeSet& set, const BlockRange& span) {
  const std::uint64_t begin = span.begin.value() - span.begin.value() % kHaveChunk;
  const std::uint64_t end = (span.end.value() + kHaveChunk - 1) / kHaveChunk * kHaveChunk;
  RangeSet part;
  for (const BlockRange& run : set.runs(begin, end)) part.add(run);
  return part;
}

BlockRange span_of(const RangeSet& set) {
  return set.empty() ? BlockRange{} : BlockRange{set.runs().front().begin, BlockIndex{set.bound()}};
}

}  // namespace

Result<Pruned> LogPruner::prune(const std::vector<BlockIndex>& blocks) {
  Pruned result;
  Change change;
  for (const BlockIndex block : blocks) SHOAL_CHECK(add(block, change, result));
  if (change.marked.empty()) return result;
  result.payloads = change.dropped.count();
  result.span = span_of(change.dropped);
  SHOAL_CHECK(write(change));
  return result;
}

Result<void> LogPruner::add(BlockIndex block, Change& change, Pruned& result) const {
  const LogState& state = state_.unlocked();
  const bool held = state.payloads.contains(block.value());
  if (!state.headers.contains(block.value()) || (!held && state.pruned.contains(block.value()))) return {};
  SHOAL_TRY(const BlockHeader header, blocks_.header(block));
  if (header.is(BlockKind::manifest)) return {};
  const std::optional<std::uint32_t> number = state.number_of(header.stream);
  SHOAL_ASSERT(number.has_value());
  PartitionState& partition = change.partitions.try_emplace(*number, state.partitions[*number]).first->second;
  partition.log_start = std::max(partition.log_start, header.next_offset());
  partition.high_watermark = std::max(partition.high_watermark, partition.log_start);
  change.marked.add(block.value());
  result.newest_append_time = std::max(result.newest_append_time.value_or(header.append_time), header.append_time);
  if (!held) return {};
  partition.payload_bytes -= std::min<std::uint64_t>(partition.payload_bytes, header.payload_size);
  change.dropped.add(block.value());
  result.bytes += header.payload_size;
  return {};
}

store::WriteBatch LogPruner::rows_of(const Change& change) const {
  const store::FeedNumber feed = blocks_.rows().number;
  const LogState& state = state_.unlocked();
  const BlockRange span = span_of(change.marked);
  RangeSet payloads = chunks_of(state.payloads, span);
  RangeSet pruned = chunks_of(state.pruned, span);
  for (const BlockRange& run : change.dropped.runs()) payloads.remove(run);
  for (const BlockRange& run : change.marked.runs()) pruned.add(run);
  store::WriteBatch batch;
  put_have_range(batch, feed, HaveSet::payloads, payloads, span.begin.value(), span.end.value());
  put_have_range(batch, feed, HaveSet::pruned, pruned, span.begin.value(), span.end.value());
  for (const auto& [number, partition] : change.partitions) {
    put_partition(batch, feed, number, partition, state.topics.get());
  }
  return batch;
}

Result<void> LogPruner::write(const Change& change) {
  const store::WriteBatch batch = rows_of(change);
  const auto show = [&](bool gone) {
    state_.change([&](LogState& state) {
      for (const BlockRange& run : change.dropped.runs()) gone ? state.payloads.remove(run) : state.payloads.add(run);
      for (const BlockRange& run : change.marked.runs()) gone ? state.pruned.add(run) : state.pruned.remove(run);
    });
  };
  const FeedRows& rows = blocks_.rows();
  show(true);
  if (const auto written = rows.stores.blocks->write(batch, store::Sync::no); !written) {
    show(false);
    return written.error();
  }
  ReachedOffsets touched;
  state_.change([&](LogState& state) {
    for (const BlockRange& run : change.dropped.runs()) state.returned.remove(run);
    for (const auto& [number, partition] : change.partitions) {
      state.partitions[number] = partition;
      touched.try_emplace(number);
    }
    ++state.payload_changes;
  });
  SHOAL_TRY(const auto raised, find_raised_watermarks(rows, state_.unlocked(), touched));
  if (!raised.empty()) state_.change([&](LogState& state) { raise_watermarks(state, raised); });
  return {};
}

Result<void> LogPruner::reclaim(const BlockRange& span) const {
  if (span.begin >= span.end) return {};
  const FeedRows& rows = blocks_.rows();
  const store::KeyRange range = store::block_range(rows.number, span.begin, span.end);
  // What is hidden counts again one day: it is needed, too.
  const store::LiveRows live{[this](ByteView first, ByteView last) {
                               const std::uint64_t begin = store::block_of_key(first).value();
                               const std::uint64_t end = store::block_of_key(last).value() + 1;
                               return state_.inspect([&](const LogState& state) {
                                 return state.payloads.count(begin, end) + state.hidden.payloads.count(begin, end);
                               });
                             },
                             [this](ByteView key) {
                               const std::uint64_t block = store::block_of_key(key).value();
                               return state_.inspect([&](const LogState& state) {
                                 return state.payloads.contains(block) || state.hidden.payloads.contains(block);
                               });
                             }};
  return rows.stores.blocks->reclaim(store::Column::payloads, range.begin, range.end, live);
}

Result<void> LogPruner::prune_before(BlockIndex end) {
  std::vector<BlockIndex> blocks;
  for (const BlockRange& run : state_.unlocked().payloads.runs(0, end.value())) {
    for (BlockIndex block = run.begin; block < run.end; ++block) blocks.push_back(block);
  }
  SHOAL_TRY(const Pruned pruned, prune(blocks));
  return reclaim(pruned.span);
}

}  // namespace shoal::feed
