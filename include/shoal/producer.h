#pragma once

#include <shoal/records.h>
#include <shoal/wait.h>

#include <chrono>
#include <functional>
#include <memory>

namespace shoal {

namespace node {
class ProducerApi;
}

/// How record batches are compressed.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// When a record counts as acknowledged.
struct Acks {
  enum class Level : std::uint8_t { none, durable };
  Level level = Level::durable;

  static Acks none() { return {Level::none}; }
  /// On this node's disk: survives kill -9 and power loss.
  static Acks durable() { return {Level::durable}; }
};

struct ProducerOptions {
  std::chrono::milliseconds linger{100};             ///< longest wait of a batch's first record
  std::size_t batch_bytes = std::size_t{256} << 10;  ///< uncompressed bytes that make a batch full
  Codec codec = Codec::zstd;
  std::size_t max_buffered = std::size_t{32} << 20;  ///< send() waits above it
  Acks acks = Acks::durable();
};

/// Consecutive records of one partition that became acknowledged together.
struct AckRun {
  std::string topic;
  Partition partition{0};
  Offset first{0};
  Offset last{0};
};

/// Appends records to one own feed. Thread-safe. Destroying it flushes what is buffered (waiting at most 30 s).
/// After its node closed, every call answers Code::closed.
class Producer {
 public:
  explicit Producer(std::shared_ptr<node::ProducerApi> api);

  /// Called on a node thread, never under a lock, in offset order per partition, and not after the producer's end. Set
  /// it before the first send. It must not wait for its own producer (send, flush, its end) or close the node.
  void on_acked(std::function<void(const AckRun&)> callback);
  /// Takes the record and tells its position at once. Waits only while the buffer is full: Code::timed_out or
  /// Code::cancelled then, and nothing was taken. Code::limit_exceeded for a record that no batch can hold,
  /// Code::invalid_argument for an illegal topic, partition or time.
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait);
  /// Same, never waits: Code::timed_out when the buffer is full.
  [[nodiscard]] Result<Position> try_send(const ProducerRecord& record);
  /// Seals all batches and waits until every record sent before is acknowledged.
  [[nodiscard]] Result<void> flush(const Wait& wait);

 private:
  std::shared_ptr<node::ProducerApi> api_;
};

}  // namespace shoal
