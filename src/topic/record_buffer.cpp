#include "topic/record_buffer.h"

#include "base/try.h"

#include <algorithm>
#include <utility>

namespace shoal::topic {
namespace {

TopicWriter::Options writer_options(const ProducerOptions& options) {
  return {.linger = options.linger, .batch_bytes = options.batch_bytes, .max_buffered = options.max_buffered};
}

}  // namespace

RecordBuffer::RecordBuffer(const ProducerOptions& options, base::Random& random, const std::vector<End>& ends)
    : max_time_ahead_(options.max_time_ahead),
      partitioner_(random),
      writer_(writer_options(options), [this](const TopicPartition& stream) {
        const auto known = ends_.find(stream);
        return known == ends_.end() ? Offset(0) : known->second;
      }) {
  for (const End& end : ends) {
    ends_[end.stream] = end.next;
    ++partitions_[end.stream.topic];
  }
  writer_.on_sealed([this](const std::string& topic) { partitioner_.on_batch_sealed(topic); });
}

record::Record RecordBuffer::to_record(const ProducerRecord& from, UnixMs now) {
  record::Record record;
  record.timestamp = from.time.value_or(now);
  record.key = from.key;
  record.value = from.value;
  record.headers.reserve(from.headers.size());
  for (const auto& [name, value] : from.headers) record.headers.push_back({name, value});
  return record;
}

Result<void> RecordBuffer::check_time(UnixMs time, UnixMs now) const {
  if (time <= now) return {};
  // Their distance may be above the largest int64.
  const std::uint64_t ahead = static_cast<std::uint64_t>(time.value()) - static_cast<std::uint64_t>(now.value());
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(max_time_ahead_.count(), 0));
  if (ahead <= most) return {};
  return Error{Code::invalid_argument,
               "a record time is " + std::to_string(ahead / 1000) + " s ahead of this machine's clock, " +
                   std::to_string(most / 1000) + " s are allowed",
               "look at the unit of the times and at the clock; for forecasts allow more (max_time_ahead)"};
}

std::optional<std::uint32_t> RecordBuffer::partitions_of(const std::string& topic) const {
  const auto known = partitions_.find(topic);
  return known == partitions_.end() ? std::nullopt : std::optional(known->second);
}

Result<RecordBuffer::Placed> RecordBuffer::add(const std::string& topic, const std::optional<Partition>& partition,
                                               record::Record record, base::MonoTime now) {
  std::optional<ByteView> key;
  if (record.key) key = *record.key;
  SHOAL_TRY(TopicPartition stream, partitioner_.place(topic, partition, key, partitions_of(topic)));
  SHOAL_TRY(const auto added, writer_.add(stream, std::move(record), now));
  return Placed{std::move(stream), added.offset, added.due_changed};
}

Result<RecordBuffer::Placed> RecordBuffer::add_batch(const TopicPartition& stream, EncodedBatch batch) {
  SHOAL_TRY(TopicPartition placed,
            partitioner_.place(stream.topic, stream.partition, std::nullopt, partitions_of(stream.topic)));
  const Offset first = writer_.add_batch(placed, std::move(batch));
  return Placed{std::move(placed), first, true};
}

}  // namespace shoal::topic
