#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "topic/encoded_batch.h"
#include "topic/partitioner.h"
#include "topic/topic_writer.h"

#include <shoal/producer.h>
#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shoal::topic {

/// What one writer of a feed has taken and not committed: chooses the partition of each record, gives it its offset and
/// collects records into batches. The offset is final at once, because the feed has no other writer meanwhile: an own
/// feed has one buffer in its node, and an exclusive producer of another process keeps it there instead. Confined to
/// its caller.
class RecordBuffer {
 public:
  /// A partition that exists, and its next offset.
  struct End {
    TopicPartition stream;
    Offset next{0};
  };
  /// Where a record, or the first one of a batch, will lie.
  struct Placed {
    TopicPartition stream;
    Offset offset{0};
    bool due_changed = false;  ///< next_due() may be sooner than before
  };

  RecordBuffer(const ProducerOptions& options, base::Random& random, const std::vector<End>& ends);
  RecordBuffer(const RecordBuffer&) = delete;
  RecordBuffer& operator=(const RecordBuffer&) = delete;

  /// `now` is the time of a record that has none.
  [[nodiscard]] static record::Record to_record(const ProducerRecord& from, UnixMs now);
  /// Code::invalid_argument for a record time that is more than ProducerOptions::max_time_ahead after `now`: it would
  /// stay the running largest time of its partition, and look-ups by time would end at it.
  [[nodiscard]] Result<void> check_time(UnixMs time, UnixMs now) const;
  /// Code::invalid_argument for an illegal topic or a partition that is not there; the errors of
  /// TopicWriter::size_of(). Nothing has changed then. The caller has asked has_room().
  [[nodiscard]] Result<Placed> add(const std::string& topic, const std::optional<Partition>& partition,
                                   record::Record record, base::MonoTime now);
  /// The same for a whole batch; it is due at once.
  [[nodiscard]] Result<Placed> add_batch(const TopicPartition& stream, EncodedBatch batch);
  /// The topic has this many partitions from now on, unless it is known already.
  void note_topic(const std::string& topic, std::uint32_t partitions) { partitions_.try_emplace(topic, partitions); }

  [[nodiscard]] bool has_room(std::size_t bytes) const { return writer_.has_room(bytes); }
  [[nodiscard]] std::optional<base::MonoTime> next_due() const { return writer_.next_due(); }
  [[nodiscard]] std::vector<SealedBatch> take(base::MonoTime now, std::size_t max_bytes) {
    return writer_.take(now, max_bytes);
  }
  void seal_all() { writer_.seal_all(); }
  void release(std::size_t bytes) { writer_.release(bytes); }
  [[nodiscard]] std::size_t buffered() const { return writer_.buffered(); }

 private:
  [[nodiscard]] std::optional<std::uint32_t> partitions_of(const std::string& topic) const;

  std::chrono::milliseconds max_time_ahead_;
  Partitioner partitioner_;
  std::map<std::string, std::uint32_t> partitions_;  ///< of topics that exist
  std::map<TopicPartition, Offset> ends_;
  TopicWriter writer_;
};

}  // namespace shoal::topic
