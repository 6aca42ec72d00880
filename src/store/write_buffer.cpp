#include "store/write_buffer.h"

#include "base/assert.h"
#include "store/keyspace.h"

#include <algorithm>
#include <iterator>

namespace shoal::store {
bool KeyOrder::operator()(ByteView a, ByteView b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

void WriteBuffer::add(const WriteBatch& batch) {
  for (const WriteBatch::Operation& each : batch.operations()) {
    SHOAL_ASSERT(each.kind != WriteBatch::Kind::erase_range);
    const bool put = each.kind == WriteBatch::Kind::put;
    rows_[static_cast<std::size_t>(each.column)].insert_or_assign(each.key,
                                                                  put ? BufferedValue(each.value) : BufferedValue());
    feeds_.insert(feed_of_key(each.key));
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

WriteBuffer WriteBuffer::take_short_runs(std::size_t smallest, std::size_t most) {
  BufferedRows& payloads = rows_[static_cast<std::size_t>(Column::payloads)];
  WriteBatch taken;
  std::size_t sum = 0;
  for (auto at = payloads.begin(); at != payloads.end();) {
    const auto first = at;
    std::size_t bytes = 0;
    do {
      bytes += at->second && is_block_key(at->first) ? at->second->size() : smallest;  // an erasure does not wait
      ++at;
    } while (at != payloads.end() && bytes < smallest && is_next_block(std::prev(at)->first, at->first));
    if (bytes >= smallest) {
      while (at != payloads.end() && is_next_block(std::prev(at)->first, at->first)) ++at;
      continue;
    }
    sum += bytes;
    if (sum > most) return {};
    for (auto each = first; each != at; ++each) taken.put(Column::payloads, each->first, *each->second);
  }
  WriteBuffer out;
  out.add(taken);
  for (const auto& [key, value] : out.rows(Column::payloads)) payloads.erase(key);
  bytes_ -= std::min(bytes_, out.bytes_);
  payload_bytes_ -= std::min(payload_bytes_, out.payload_bytes_);
  return out;
}

PayloadRuns WriteBuffer::payload_runs() const {
  PayloadRuns runs;
  for (const auto& [key, value] : rows(Column::payloads)) {
    auto& of_feed = runs[feed_of_key(key)];
    const std::uint64_t block = block_of_key(key).value();
    if (!of_feed.empty() && of_feed.back().second == block) {
      ++of_feed.back().second;
    } else {
      of_feed.emplace_back(block, block + 1);
    }
  }
  return runs;
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
                             [&](const WriteBatch::Operation& each) { return feeds_.contains(feed_of_key(each.key)); });
}

bool erases_ranges(const WriteBatch& batch) {
  return std::ranges::any_of(
      batch.operations(), [](const WriteBatch::Operation& each) { return each.kind == WriteBatch::Kind::erase_range; });
}

}  // namespace shoal::store
