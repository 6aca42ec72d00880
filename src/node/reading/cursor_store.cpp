#include "node/reading/cursor_store.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

#include <cstdint>
#include <utility>

namespace shoal::node {

Result<std::optional<StoredCursor>> CursorStore::get(const FeedId& feed, const std::string& name) const {
  SHOAL_TRY(const auto row, store_->get(store::Column::meta, store::cursor_key(feed, name)));
  if (!row) return std::optional<StoredCursor>{};
  base::WireReader reader(*row);
  StoredCursor cursor;
  cursor.token = std::string(base::as_text(reader.bytes(reader.u32())));
  cursor.note = std::string(base::as_text(reader.bytes(reader.u32())));
  if (!reader.finished())
    return Error{Code::corrupt, "the stored cursor '" + name + "' is damaged", "start again with -o"};
  return std::optional(std::move(cursor));
}

Result<void> CursorStore::put(const FeedId& feed, const std::string& name, const StoredCursor& cursor) {
  base::WireWriter row;
  row.u32(static_cast<std::uint32_t>(cursor.token.size()));
  row.bytes(base::as_bytes(cursor.token));
  row.u32(static_cast<std::uint32_t>(cursor.note.size()));
  row.bytes(base::as_bytes(cursor.note));
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::cursor_key(feed, name), std::move(row).take());
  return store_->write(batch, store::Sync::yes);
}

}  // namespace shoal::node
