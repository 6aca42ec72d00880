#pragma once

#include "output.h"

#include <shoal/producer.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace shoal::command {

/// What has been acknowledged. Thread-safe: the node tells it on a thread of its own.
class AckLedger {
 public:
  /// With `log` each run is printed as soon as it holds: `acked TOPIC PARTITION FIRST LAST`.
  AckLedger(DataOutput& out, bool log) : out_(out), log_(log) {}

  void add(const AckRun& run);
  [[nodiscard]] std::uint64_t records() const;
  /// `TOPIC PARTITION OFFSET` of the last acknowledged record of each partition, for the message of a failure.
  [[nodiscard]] std::string last_acknowledged() const;

 private:
  mutable std::mutex mutex_;
  DataOutput& out_;
  const bool log_;
  std::uint64_t records_ = 0;
  std::map<TopicPartition, Offset> last_;
};

}  // namespace shoal::command
