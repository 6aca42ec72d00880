#include "topic/topic_writer.h"

#include "base/assert.h"

#include <algorithm>

namespace shoal::topic {

TopicWriter::TopicWriter(Options options, std::function<Offset(const TopicPartition&)> next_offset)
    : options_(options), next_offset_(std::move(next_offset)) {
  options_.batch_bytes = std::min(options_.batch_bytes, kMaxBatchBytes);
}

bool TopicWriter::has_room(std::size_t record_bytes) const {
  return buffered_ == 0 || buffered_ + record_bytes <= options_.max_buffered;
}

Result<TopicWriter::Added> TopicWriter::add(const TopicPartition& stream, record::Record record, base::MonoTime now) {
  const std::size_t bytes = record::encoded_size(record);
  if (bytes > kMaxBatchBytes) {
    return Error{Code::limit_exceeded, "a record may not be larger than 8 MiB", "split it, or publish a reference to it"};
  }
  const auto [entry, fresh] = lanes_.try_emplace(stream);
  Lane& lane = entry->second;
  if (fresh) lane.next = next_offset_(stream);
  Added added{lane.next, false};
  if (lane.open && lane.open->bytes + bytes > options_.batch_bytes) seal(lane);
  if (!lane.open) {
    added.due_changed = true;
    lane.open = SealedBatch{stream, lane.next, {}, 0};
    lane.due = now + options_.linger;
  }
  lane.open->records.push_back(std::move(record));
  lane.open->bytes += bytes;
  buffered_ += bytes;
  ++lane.next;
  if (lane.open->bytes >= options_.batch_bytes) {
    seal(lane);
    added.due_changed = true;
  }
  return added;
}

std::optional<base::MonoTime> TopicWriter::next_due() const {
  if (!sealed_.empty()) return base::MonoTime::min();
  std::optional<base::MonoTime> due;
  for (const auto& [stream, lane] : lanes_) {
    if (lane.open && (!due || lane.due < *due)) due = lane.due;
  }
  return due;
}

std::vector<SealedBatch> TopicWriter::take(base::MonoTime now, std::size_t max_bytes) {
  const bool some_due = std::any_of(lanes_.begin(), lanes_.end(),
                                    [&](const auto& entry) { return entry.second.open && entry.second.due <= now; });
  if (some_due || !sealed_.empty()) {
    for (auto& [stream, lane] : lanes_) {
      if (lane.open && lane.due <= now + kGroupWindow) seal(lane);
    }
  }
  std::vector<SealedBatch> taken;
  std::size_t bytes = 0;
  while (!sealed_.empty() && (taken.empty() || bytes + sealed_.front().bytes <= max_bytes)) {
    bytes += sealed_.front().bytes;
    taken.push_back(std::move(sealed_.front()));
    sealed_.pop_front();
  }
  return taken;
}

void TopicWriter::seal_all() {
  for (auto& [stream, lane] : lanes_) {
    if (lane.open) seal(lane);
  }
}

void TopicWriter::release(std::size_t bytes) {
  SHOAL_ASSERT(bytes <= buffered_);
  buffered_ -= bytes;
}

void TopicWriter::seal(Lane& lane) {
  if (on_sealed_) on_sealed_(lane.open->stream.topic);
  sealed_.push_back(std::move(*lane.open));
  lane.open.reset();
}

}  // namespace shoal::topic
