#pragma once

#include "exact_file.h"
#include "freshness_watch.h"
#include "record_sink.h"

#include "node/api/subscription_api.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace shoal::command {

struct LoopLimits {
  std::uint64_t count = 0;                      ///< records after which to leave; 0: no limit
  std::chrono::milliseconds record_timeout{0};  ///< 0: none
  std::chrono::milliseconds stall_timeout{0};   ///< 0: none
};

/// Moves records from a subscription to a sink, and then the cursor, until something ends it. One thread.
class SubscriptionLoop {
 public:
  enum class End : std::uint8_t { head, count };

  SubscriptionLoop(node::SubscriptionApi& subscription, RecordSink& sink, const LoopLimits& limits)
      : subscription_(subscription), sink_(sink), limits_(limits) {}

  /// Commits the position after each settled poll; with a file, its length as the note.
  void move_cursor(ExactFile* file) {
    moves_cursor_ = true;
    file_ = file;
  }
  /// Ends with Code::closed when the reader of `out` goes away while nothing is written.
  void watch_reader(DataOutput& out) { watched_ = &out; }

  /// Prints a notice when the view becomes old.
  void tell_freshness(Messages& messages) { messages_ = &messages; }

  /// Code::timed_out when a limit passed, Code::cancelled, the subscription's and the sink's errors.
  [[nodiscard]] Result<End> run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Result<void> deliver(const Poll& poll);
  [[nodiscard]] Result<void> commit(const std::string& token);
  [[nodiscard]] Result<void> check_limits(bool got_records);
  [[nodiscard]] PollOptions next_poll(const std::stop_token& stop) const;

  node::SubscriptionApi& subscription_;
  RecordSink& sink_;
  const LoopLimits limits_;
  bool moves_cursor_ = false;
  ExactFile* file_ = nullptr;
  DataOutput* watched_ = nullptr;
  std::uint64_t delivered_ = 0;
  Clock::time_point last_record_ = Clock::now();
  Clock::time_point last_sign_ = Clock::now();
  std::optional<UnixMs> last_head_;
  Messages* messages_ = nullptr;
  FreshnessWatch freshness_{Clock::now()};
};

}  // namespace shoal::command
