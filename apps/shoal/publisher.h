#pragma once

#include "ack_ledger.h"
#include "record_source.h"

#include "node/api/producer_api.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace shoal::command {

struct PublisherOptions {
  std::string topic = "default";  ///< topic of records without a selected one
  std::vector<std::pair<std::string, std::optional<Bytes>>> headers = {};
  double replay_speed = 0;  ///< 0: no pacing
  std::chrono::milliseconds ack_timeout{60'000};
  std::function<void(std::uint64_t bytes)> progress = {};  ///< called with what was read before each record
};

/// How publishing ended.
struct Published {
  std::uint64_t records = 0;  ///< sent; acknowledged unless interrupted or failed
  bool stopped_at_bad_record = false;
  bool interrupted = false;
  std::optional<Error> failure = {};  ///< some sent records may not be acknowledged
};

/// Moves records from a source to a producer, paced if asked, and waits for the acknowledgements. One thread.
class Publisher {
 public:
  Publisher(node::ProducerApi& producer, RecordSource& source, AckLedger& ledger, const PublisherOptions& options)
      : producer_(producer), source_(source), ledger_(ledger), options_(options) {}

  /// Flushes what was sent before it returns, however the source ended, unless the producer failed. After a stop it
  /// does not wait for mirrors.
  [[nodiscard]] Published run(const std::stop_token& stop);

 private:
  [[nodiscard]] Result<RecordSource::Step> send_all(const std::stop_token& stop);
  /// Flushes. Waits on while acknowledgements keep coming within the timeout.
  [[nodiscard]] Result<void> flush(const std::stop_token& stop);

  node::ProducerApi& producer_;
  RecordSource& source_;
  AckLedger& ledger_;
  const PublisherOptions& options_;
  std::uint64_t sent_ = 0;
};

}  // namespace shoal::command
