#pragma once

#include "feed/format/block.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <optional>

/// The offset index (docs/FORMAT.md, "Store"): one row a held block, keyed by its last offset, so one seek finds the
/// block of an offset. Rows can be made again from headers.
namespace shoal::feed {

struct OffsetRow {
  BlockIndex block{0};
  Offset base{0};
  Offset last{0};
};

void put_offset_row(store::WriteBatch& batch, store::FeedNumber feed, store::TopicNumber topic,
                    const BlockHeader& header, BlockIndex block);
/// The first held block whose last offset is >= `offset`; it may begin after it. nullopt past the last one.
[[nodiscard]] Result<std::optional<OffsetRow>> find_offset(const store::KvStore& store, store::FeedNumber feed,
                                                           store::TopicNumber topic, Offset offset);
/// Code::corrupt for a malformed row.
[[nodiscard]] Result<OffsetRow> decode_offset_row(ByteView key, ByteView value);

}  // namespace shoal::feed
