#include "store/write_buffer.h"

#include "base/assert.h"
#include "base/wire.h"

#include <algorithm>

namespace shoal::store {
namespace {

WriteBuffer::KeyPrefix prefix_of(ByteView key) { return base::WireReader(key).u32(); }

}  // namespace

bool KeyOrder::operator()(ByteView a, ByteView b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

void WriteBuffer::add(const WriteBatch& batch) {
  for (const WriteBatch::Operation& each : batch.operations()) {
    SHOAL_ASSERT(each.kind != WriteBatch::Kind::erase_range);
    const bool put = each.kind == WriteBatch::Kind::put;
    rows_[static_cast<std::size_t>(each.column)].insert_or_assign(each.key,
                                                                  put ? BufferedValue(each.value) : BufferedValue());
    feeds_.insert(prefix_of(each.key));
    bytes_ += each.key.size() + each.value.size();
    if (each.column == Column::payloads) payload_bytes_ += each.value.size();
  }
}

void WriteBuffer::add_below(const WriteBuffer& older) {
  for (std::size_t i = 0; i < kColumnCount; ++i) rows_[i].insert(older.rows_[i].begin(), older.rows_[i].end());
  feeds_.insert(older.feeds_.begin(), older.feeds_.end());
  bytes_ += older.bytes_;
  payload_bytes_ += older.payload_bytes_;
}

WriteBatch WriteBuffer::as_batch() const {
  WriteBatch batch;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    for (const auto& [key, value] : rows_[i]) value ? batch.put(column, key, *value) : batch.erase(column, key);
  }
  return batch;
}

const BufferedValue* WriteBuffer::find(Column column, ByteView key) const {
  const auto found = rows(column).find(key);
  return found == rows(column).end() ? nullptr : &found->second;
}

bool WriteBuffer::shares_feed(const WriteBatch& batch) const {
  return std::ranges::any_of(batch.operations(),
                             [&](const WriteBatch::Operation& each) { return feeds_.contains(prefix_of(each.key)); });
}

bool erases_ranges(const WriteBatch& batch) {
  return std::ranges::any_of(
      batch.operations(), [](const WriteBatch::Operation& each) { return each.kind == WriteBatch::Kind::erase_range; });
}

}  // namespace shoal::store
