#include "node/reading/cursor_store.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/row_range.h"
#include "store/keyspace.h"

#include <mutex>
#include <utility>

namespace shoal::node {
namespace {

/// A comparison and the write after it are one step. One lock for all stores of the process: a write is rare.
std::mutex& write_mutex() {
  static std::mutex mutex;
  return mutex;
}

Result<StoredCursor> decode(ByteView row, const std::string& name) {
  base::WireReader reader(row);
  StoredCursor cursor;
  cursor.token = std::string(base::as_text(reader.bytes(reader.u32())));
  cursor.note = std::string(base::as_text(reader.bytes(reader.u32())));
  if (!reader.finished())
    return Error{Code::corrupt, "the stored cursor '" + name + "' is damaged", "start again with -o"};
  return cursor;
}

Result<void> write(store::KvStore& store, const FeedId& feed, const std::string& name, const StoredCursor& cursor) {
  base::WireWriter row;
  row.u32(static_cast<std::uint32_t>(cursor.token.size()));
  row.bytes(base::as_bytes(cursor.token));
  row.u32(static_cast<std::uint32_t>(cursor.note.size()));
  row.bytes(base::as_bytes(cursor.note));
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::cursor_key(feed, name), std::move(row).take());
  return store.write(batch, store::Sync::yes);
}

}  // namespace

Result<std::optional<StoredCursor>> CursorStore::get(const FeedId& feed, const std::string& name) const {
  SHOAL_TRY(const auto row, store_->get(store::Column::meta, store::cursor_key(feed, name)));
  if (!row) return std::optional<StoredCursor>{};
  SHOAL_TRY(auto cursor, decode(*row, name));
  return std::optional(std::move(cursor));
}

Result<void> CursorStore::put(const FeedId& feed, const std::string& name, const StoredCursor& cursor) {
  const std::lock_guard lock(write_mutex());
  return write(*store_, feed, name, cursor);
}

Result<void> CursorStore::put_if(const FeedId& feed, const std::string& name, const std::string& expected,
                                 const StoredCursor& cursor) {
  const std::lock_guard lock(write_mutex());
  SHOAL_TRY(const auto present, get(feed, name));
  const std::string token = present ? present->token : "";
  if (token != expected) {
    return Error{Code::already_exists, "cursor '" + name + "' has another position than was expected",
                 token.empty() ? "it has none" : "it is at " + token};
  }
  return write(*store_, feed, name, cursor);
}

Result<void> CursorStore::erase(const FeedId& feed, const std::string& name) {
  const std::lock_guard lock(write_mutex());
  const Bytes key = store::cursor_key(feed, name);
  SHOAL_TRY(const bool there, store_->contains(store::Column::meta, key));
  if (!there) return Error{Code::not_found, "there is no cursor '" + name + "'", ""};
  store::WriteBatch batch;
  batch.erase(store::Column::meta, key);
  return store_->write(batch, store::Sync::yes);
}

Result<std::vector<NamedCursor>> CursorStore::list(const FeedId& feed) const {
  std::vector<NamedCursor> listed;
  const store::KeyRange range = store::cursors_range(feed);
  const auto rows = store_->iterate(store::Column::meta);
  for (rows->seek(range.begin); rows->valid() && feed::in_range(range, rows->key()); rows->next()) {
    SHOAL_TRY(std::string name, store::cursor_of_key(rows->key()));
    SHOAL_TRY(auto cursor, decode(rows->value(), name));
    listed.push_back({std::move(name), std::move(cursor)});
  }
  SHOAL_CHECK(rows->status());
  return listed;
}

}  // namespace shoal::node
