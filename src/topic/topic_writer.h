#pragma once

#include "base/clock.h"
#include "base/due_queue.h"
#include "record/record_batch.h"
#include "record/records_section.h"
#include "topic/encoded_batch.h"

#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::topic {

/// Records of one partition that will become one block. Sealed: nothing is added any more.
struct SealedBatch {
  TopicPartition stream;
  Offset first{0};
  std::vector<record::Record> records;
  std::size_t bytes = 0;                     ///< estimated uncompressed bytes, as counted against the buffer
  std::optional<EncodedBatch> encoded = {};  ///< set: it came as a batch, and `records` is empty
};

/// Collects records into batches, one open batch for each partition: a batch is sealed when it is full, when its linger
/// (counted from its first record) ends, or at flush. The same trade of latency for throughput as Kafka's producer
/// (RecordAccumulator; linger.ms, batch.size, buffer.memory). Batches that are due within kGroupWindow of each other go
/// into one group: a commit costs one signature and one disk sync, whatever its size. Without batching each record is a
/// block with its own header, hashes and compression.
/// A pure state machine; the caller passes the time and owns threads, timers and I/O. Confined to its caller.
class TopicWriter {
 public:
  struct Options {
    base::MonoTime linger = std::chrono::milliseconds(100);
    std::size_t batch_bytes = std::size_t{256} << 10;
    std::size_t max_buffered = std::size_t{32} << 20;
  };
  /// take() also returns batches whose linger ends within this time.
  static constexpr base::MonoTime kGroupWindow = std::chrono::milliseconds(2);
  /// A batch of this many bytes fits a block even when it does not compress.
  static constexpr std::size_t kMaxBatchBytes = record::kMaxBatchSize - record::kBatchHeaderSize;

  /// `next_offset` is called once for each partition, at its first record.
  TopicWriter(Options options, std::function<Offset(const TopicPartition&)> next_offset);

  /// The bytes that a record counts for. Code::limit_exceeded when no block can hold it (size, number of headers),
  /// Code::invalid_argument for a time before kNoTime.
  [[nodiscard]] static Result<std::size_t> size_of(const record::Record& record);
  /// True while a record of this size may be added: an empty buffer takes any legal record.
  [[nodiscard]] bool has_room(std::size_t record_bytes) const;
  struct Added {
    Offset offset{0};
    bool due_changed = false;  ///< a batch was opened or sealed: next_due() may be sooner than before
  };
  /// Adds the record and tells its offset. The errors of size_of(); nothing has changed then. The caller has asked
  /// has_room(). What is sealed always passes record::encode_batch(). Costs O(log partitions).
  [[nodiscard]] Result<Added> add(const TopicPartition& stream, record::Record record, base::MonoTime now);

  /// Adds a whole batch, which is sealed as it is: it gets the next offsets of its partition, and what was open there
  /// is sealed before it. Tells its first offset. It counts with its size; the caller has asked has_room().
  Offset add_batch(const TopicPartition& stream, EncodedBatch batch);

  /// The earliest time at which take() returns something, if no record comes before; nullopt when nothing is open or
  /// sealed. A time in the past means now.
  [[nodiscard]] std::optional<base::MonoTime> next_due() const;
  /// Batches that are full, flushed, or due within kGroupWindow of `now`, in the order they were sealed, up to
  /// `max_bytes` (at least one). Their bytes stay counted until release().
  [[nodiscard]] std::vector<SealedBatch> take(base::MonoTime now, std::size_t max_bytes);
  /// Seals everything that is open.
  void seal_all();
  /// Frees buffer space: the bytes of a taken batch.
  void release(std::size_t bytes);

  [[nodiscard]] std::size_t buffered() const { return buffered_; }

  /// Called for each sealed batch's topic, for sticky partitioning.
  void on_sealed(std::function<void(const std::string& topic)> callback) { on_sealed_ = std::move(callback); }

 private:
  struct PartitionState {
    Offset next{0};
    std::optional<SealedBatch> open;
    std::size_t open_headers = 0;  ///< record headers in the open batch
    std::uint64_t number = 0;      ///< sequence number of the open batch
  };
  struct OpenBatch {
    std::uint64_t number = 0;
    PartitionState* partition = nullptr;
    bool operator<(const OpenBatch& other) const { return number < other.number; }
  };

  [[nodiscard]] bool fits(const PartitionState& partition, const record::Record& record, std::size_t bytes) const;
  [[nodiscard]] PartitionState& partition_of(const TopicPartition& stream);
  void open(const TopicPartition& stream, PartitionState& partition, base::MonoTime now);
  void seal(PartitionState& partition);

  Options options_;
  std::function<Offset(const TopicPartition&)> next_offset_;
  std::function<void(const std::string&)> on_sealed_;
  std::map<TopicPartition, PartitionState> partitions_;
  base::DueQueue<OpenBatch> due_;  ///< those of one time in the order they were opened
  std::uint64_t opened_ = 0;       ///< batches opened so far
  std::deque<SealedBatch> sealed_;
  std::size_t buffered_ = 0;
};

}  // namespace shoal::topic
