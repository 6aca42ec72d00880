#pragma once

#include "output.h"

#include <shoal/producer.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace shoal::command {

/// The acknowledgements so far. Thread-safe: the node reports them on its own threads.
class AckLedger {
 public:
  /// With `log` each run is printed when it is acknowledged: `acked TOPIC PARTITION FIRST LAST`.
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
