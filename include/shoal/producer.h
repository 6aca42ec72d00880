#pragma once

#include <shoal/records.h>
#include <shoal/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace shoal {

namespace node {
class ProducerApi;
}

/// How record batches are compressed.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// When a record counts as acknowledged.
struct Acks {
  /// Who is waited for: nobody, this disk, any mirrors, or certain ones.
  enum class Level : std::uint8_t { none, durable, mirrors, named };
  Level level = Level::durable;         ///< as the functions below say
  unsigned count = 0;                   ///< of mirrors()
  std::vector<std::string> names = {};  ///< of named()

  static Acks none() { return {Level::none}; }  ///< not waited for: a record may be lost with the process
  /// On this node's disk: survives kill -9 and power loss.
  static Acks durable() { return {Level::durable}; }
  /// Durable here, and `count` distinct mirrors (1 to 64) signed that they hold it durably. Whoever knows the feed may
  /// run several mirrors: named() is for those who care which ones.
  static Acks mirrors(unsigned count) { return {Level::mirrors, count}; }
  /// The same of each of these mirrors: names that `shoal key trust NAME HEX` gave to their node keys.
  static Acks named(std::vector<std::string> names) { return {Level::named, 0, std::move(names)}; }
};

/// How records are batched, buffered and acknowledged.
struct ProducerOptions {
  std::chrono::milliseconds linger{100};             ///< longest wait of a batch's first record
  std::size_t batch_bytes = std::size_t{256} << 10;  ///< uncompressed bytes that make a batch full
  Codec codec = Codec::zstd;                         ///< of every batch
  std::size_t max_buffered = std::size_t{32} << 20;  ///< send() waits above it
  Acks acks = Acks::durable();                       ///< what flush() and on_acked() mean
  /// A record whose time is further ahead of this machine's clock is refused: once signed it stays the largest time of
  /// its partition, and no later record is found by its time. Forecasts need more.
  std::chrono::milliseconds max_time_ahead = std::chrono::hours(1);
};

/// Consecutive records of one partition that became acknowledged together.
struct AckRun {
  std::string topic;                         ///< never empty
  Partition partition{0};                    ///< of that topic
  Offset first{0};                           ///< of the run
  Offset last{0};                            ///< of the run, included
  Acks::Level level = Acks::Level::durable;  ///< what holds for it now: as ProducerOptions::acks asked
  unsigned mirrors = 0;                      ///< that are known to hold it durably; 0 unless they were waited for
};

/// Appends records to one own feed. Thread-safe. Copies are one producer; the end of the last one flushes what is
/// buffered (waiting at most 30 s). It may outlive its node: once that is closed, every call answers Code::closed.
class Producer {
 public:
  explicit Producer(std::shared_ptr<node::ProducerApi> api);  ///< the library makes them: Feed::producer()

  /// Called on a node thread, never under a lock, in offset order per partition, and not after the producer's end. Set
  /// it before the first send. It must not wait for its own producer (send, flush, its end) or close the node.
  void on_acked(std::function<void(const AckRun&)> callback);
  /// Takes the record, copying its bytes, and tells its position at once. Waits only while the buffer is full:
  /// Code::timed_out or Code::cancelled then, and nothing was taken. Code::limit_exceeded for a record that no batch
  /// can hold, Code::invalid_argument for an illegal topic, partition or time, or one above
  /// ProducerOptions::max_time_ahead.
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait);
  /// Same, never waits: Code::timed_out when the buffer is full.
  [[nodiscard]] Result<Position> try_send(const ProducerRecord& record);
  /// Seals all batches and waits until every record sent before is acknowledged as ProducerOptions::acks asks.
  /// Code::timed_out or Code::cancelled: it
  /// is not known yet whether they are; flush again. Code::no_space, Code::io, Code::unknown_outcome: what was not
  /// acknowledged may or may not be there; nothing more is taken, open the feed again.
  [[nodiscard]] Result<void> flush(const Wait& wait);

 private:
  std::shared_ptr<node::ProducerApi> api_;
};

}  // namespace shoal
