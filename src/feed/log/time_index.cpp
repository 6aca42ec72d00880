#include "feed/log/time_index.h"

#include "base/try.h"
#include "base/wire.h"
#include "feed/format/row_range.h"

namespace shoal::feed {

TimeIndex::TimeIndex(const store::KvStore& store, store::FeedNumber feed, store::TopicNumber topic)
    : feed_(feed), topic_(topic), range_(store::time_range(feed, topic)), rows_(store.iterate(store::Column::times)) {}

void TimeIndex::put(store::WriteBatch& batch, store::FeedNumber feed, store::TopicNumber topic,
                    const BlockHeader& header, BlockIndex block) {
  base::WireWriter value(24);
  value.i64(header.smallest_time.value());
  value.i64(header.largest_time.value());
  value.i64(header.running_largest_time.value());
  batch.put(store::Column::times, store::time_key(feed, topic, block), std::move(value).take());
}

Result<std::optional<TimeRow>> TimeIndex::row_here() const {
  if (!rows_->valid() || !in_range(range_, rows_->key())) {
    SHOAL_CHECK(rows_->status());
    return std::optional<TimeRow>{};
  }
  base::WireReader in(rows_->value());
  TimeRow row;
  row.block = store::block_of_time_key(rows_->key());
  row.smallest = UnixMs{in.i64()};
  row.largest = UnixMs{in.i64()};
  row.running_largest = UnixMs{in.i64()};
  if (!in.finished()) return Error{Code::corrupt, "a malformed time row"};
  return std::optional<TimeRow>{row};
}

Result<std::optional<TimeRow>> TimeIndex::at_or_after(BlockIndex block) {
  rows_->seek(store::time_key(feed_, topic_, block));
  return row_here();
}

Result<std::optional<TimeRow>> TimeIndex::before(BlockIndex block) {
  if (block.value() == 0) return std::optional<TimeRow>{};
  rows_->seek_for_prev(store::time_key(feed_, topic_, block - 1));
  return row_here();
}

Result<std::optional<TimeRow>> TimeIndex::next() {
  if (rows_->valid()) rows_->next();
  return row_here();
}

Result<std::optional<TimeRow>> TimeIndex::first_reaching(UnixMs time, BlockIndex bound) {
  // The running largest time never falls from block to block, so the position can be halved.
  std::uint64_t low = 0;
  std::uint64_t high = bound.value();
  std::optional<TimeRow> best;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    SHOAL_TRY(const auto row, at_or_after(BlockIndex{middle}));
    if (!row || row->running_largest >= time) {
      if (row) best = row;
      high = middle;
    } else {
      low = row->block.value() + 1;
    }
  }
  if (best) return at_or_after(best->block);  // leaves the position there for next()
  return best;
}

}  // namespace shoal::feed
