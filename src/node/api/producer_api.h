#pragma once

#include <shoal/producer.h>
#include <shoal/types.h>
#include <shoal/wait.h>

#include <functional>

namespace shoal::node {

/// See shoal::Producer. Thread-safe. The producer ends with the object.
class ProducerApi {
 public:
  virtual ~ProducerApi() = default;
  virtual void on_acked(std::function<void(const AckRun&)> callback) = 0;
  [[nodiscard]] virtual Result<Position> send(const ProducerRecord& record, const Wait& wait) = 0;
  /// A whole record batch, whatever its base offset and leader epoch say. It gets the next offsets of the partition,
  /// the first of which is given, and is committed without lingering. Code::invalid_argument for a batch that breaks
  /// one of the twelve checks of docs/FORMAT.md ("Record batch"), for a record time before kNoTime and for a partition
  /// that is not there; Code::limit_exceeded above a limit. What is refused uses no offset.
  [[nodiscard]] virtual Result<Position> send_batch(const TopicPartition& stream, Bytes batch, const Wait& wait) = 0;
  [[nodiscard]] virtual Result<void> flush(const Wait& wait) = 0;
  /// Waits until what was sent is durable in the directory. Does not wait for mirrors.
  [[nodiscard]] virtual Result<void> flush_here(const Wait& wait) = 0;
};

}  // namespace shoal::node
