#include "feed/log/topic_index.h"

#include "base/try.h"
#include "base/wire.h"
#include "feed/format/row_range.h"

namespace shoal::feed {

void put_offset_row(store::WriteBatch& batch, store::FeedNumber feed, store::TopicNumber topic,
                    const BlockHeader& header, BlockIndex block) {
  base::WireWriter value(12);
  value.u64(block.value());
  value.u32(header.record_count);
  batch.put(store::Column::offsets, store::offset_key(feed, topic, header.next_offset() - 1), std::move(value).take());
}

Result<OffsetRow> decode_offset_row(ByteView key, ByteView value) {
  base::WireReader in(value);
  OffsetRow row;
  row.block = BlockIndex{in.u64()};
  const std::int64_t count = in.u32();
  row.last = store::offset_of_key(key);
  row.base = row.last - (count - 1);
  if (!in.finished() || count == 0 || row.base.value() < 0) return Error{Code::corrupt, "a malformed offset row"};
  return row;
}

Result<std::optional<OffsetRow>> find_offset(const store::KvStore& store, store::FeedNumber feed,
                                             store::TopicNumber topic, Offset offset) {
  if (offset.value() < 0) offset = Offset{0};
  const store::KeyRange range = store::offset_range(feed, topic);
  SHOAL_TRY(const auto found, store.first_at(store::Column::offsets, store::offset_key(feed, topic, offset)));
  if (!found || !in_range(range, found->key)) return std::optional<OffsetRow>{};
  SHOAL_TRY(const OffsetRow row, decode_offset_row(found->key, found->value));
  return std::optional<OffsetRow>{row};
}

}  // namespace shoal::feed
