#include "store/kv_store.h"

#include "base/try.h"

#include <algorithm>
#include <utility>

namespace shoal::store {

void WriteBatch::put(Column column, Bytes key, SharedBytes value) {
  operations_.push_back(Operation{Kind::put, column, std::move(key), std::move(value)});
}

void WriteBatch::erase(Column column, Bytes key) {
  operations_.push_back(Operation{Kind::erase, column, std::move(key), {}});
}

void WriteBatch::erase_range(Column column, Bytes begin, Bytes end) {
  operations_.push_back(Operation{Kind::erase_range, column, std::move(begin), std::move(end)});
}

Result<std::optional<KvRow>> KvStore::first_at(Column column, ByteView key) const {
  const std::unique_ptr<KvIterator> at = iterate(column);
  at->seek(key);
  if (!at->valid()) {
    SHOAL_CHECK(at->status());
    return std::optional<KvRow>{};
  }
  return std::optional<KvRow>{
      {Bytes(at->key().begin(), at->key().end()), Bytes(at->value().begin(), at->value().end())}};
}

Result<void> KvStore::reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) {
  WriteBatch batch;
  {
    const std::unique_ptr<KvIterator> at = iterate(column);
    for (at->seek(begin); at->valid() && std::ranges::lexicographical_compare(at->key(), end); at->next()) {
      if (!live.contains(at->key())) batch.erase(column, Bytes(at->key().begin(), at->key().end()));
    }
    SHOAL_CHECK(at->status());
  }
  if (batch.empty()) return {};
  SHOAL_CHECK(write(batch, Sync::no));
  return compact(column, begin, end);
}

}  // namespace shoal::store
