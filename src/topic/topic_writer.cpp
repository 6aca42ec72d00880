#include "topic/topic_writer.h"

#include "base/assert.h"
#include "base/try.h"

#include <algorithm>

namespace shoal::topic {

TopicWriter::TopicWriter(Options options, std::function<Offset(const TopicPartition&)> next_offset)
    : options_(options), next_offset_(std::move(next_offset)) {
  options_.batch_bytes = std::min(options_.batch_bytes, kMaxBatchBytes);
}

bool TopicWriter::has_room(std::size_t record_bytes) const {
  return buffered_ == 0 || buffered_ + record_bytes <= options_.max_buffered;
}

bool TopicWriter::fits(const PartitionState& partition, const record::Record& record, std::size_t bytes) const {
  return partition.open->bytes + bytes <= options_.batch_bytes &&
         partition.open->records.size() < record::kMaxBatchRecords &&
         partition.open_headers + record.headers.size() <= record::kMaxBatchHeaders;
}

Result<std::size_t> TopicWriter::size_of(const record::Record& record) {
  const std::size_t bytes = record::encoded_size(record);
  if (bytes > kMaxBatchBytes) {
    return Error{Code::limit_exceeded, "a record may not be larger than 8 MiB",
                 "split it, or publish a reference to it"};
  }
  if (record.headers.size() > record::kMaxBatchHeaders) {
    return Error{Code::limit_exceeded,
                 "a record may not have more than " + std::to_string(record::kMaxBatchHeaders) + " headers",
                 "put what they say into the value"};
  }
  if (record.timestamp < kNoTime) {
    return Error{Code::invalid_argument, "a record's time may not lie before 1970", "put it into the value"};
  }
  return bytes;
}

Result<TopicWriter::Added> TopicWriter::add(const TopicPartition& stream, record::Record record, base::MonoTime now) {
  SHOAL_TRY(const std::size_t bytes, size_of(record));
  PartitionState& partition = partition_of(stream);
  Added added{partition.next, false};
  if (partition.open && !fits(partition, record, bytes)) seal(partition);
  if (!partition.open) {
    added.due_changed = true;
    open(stream, partition, now);
  }
  partition.open_headers += record.headers.size();
  partition.open->records.push_back(std::move(record));
  partition.open->bytes += bytes;
  buffered_ += bytes;
  ++partition.next;
  if (partition.open->bytes >= options_.batch_bytes || partition.open->records.size() == record::kMaxBatchRecords) {
    seal(partition);
    added.due_changed = true;
  }
  return added;
}

Offset TopicWriter::add_batch(const TopicPartition& stream, EncodedBatch batch) {
  PartitionState& partition = partition_of(stream);
  if (partition.open) seal(partition);
  const Offset first = partition.next;
  partition.next = partition.next + batch.record_count;
  const std::size_t bytes = batch.batch.size();
  buffered_ += bytes;
  sealed_.push_back(SealedBatch{stream, first, {}, bytes, std::move(batch)});
  return first;
}

TopicWriter::PartitionState& TopicWriter::partition_of(const TopicPartition& stream) {
  const auto [entry, fresh] = partitions_.try_emplace(stream);
  if (fresh) entry->second.next = next_offset_(stream);
  return entry->second;
}

std::optional<base::MonoTime> TopicWriter::next_due() const {
  if (!sealed_.empty()) return base::MonoTime::min();
  return due_.next_due();
}

std::vector<SealedBatch> TopicWriter::take(base::MonoTime now, std::size_t max_bytes) {
  if (due_.first(now) || !sealed_.empty()) {
    while (const auto batch = due_.first(now + kGroupWindow)) seal(*batch->partition);
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
  while (const auto batch = due_.first(base::MonoTime::max())) seal(*batch->partition);
}

void TopicWriter::release(std::size_t bytes) {
  SHOAL_ASSERT(bytes <= buffered_);
  buffered_ -= bytes;
}

void TopicWriter::open(const TopicPartition& stream, PartitionState& partition, base::MonoTime now) {
  partition.open = SealedBatch{stream, partition.next, {}, 0, {}};
  partition.open_headers = 0;
  partition.number = opened_++;
  due_.set({partition.number, &partition}, now + options_.linger);
}

void TopicWriter::seal(PartitionState& partition) {
  due_.erase({partition.number, &partition});
  if (on_sealed_) on_sealed_(partition.open->stream.topic);
  sealed_.push_back(std::move(*partition.open));
  partition.open.reset();
}

}  // namespace shoal::topic
