#include "publisher.h"

#include "base/try.h"
#include "replay_pacer.h"

#include <condition_variable>
#include <mutex>

namespace shoal::command {
namespace {

/// False when `stop` came first.
bool sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop) {
  if (duration.count() <= 0) return !stop.stop_requested();
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Published Publisher::run(const std::stop_token& stop) {
  Published published;
  const auto step = send_all(stop);
  if (step.ok()) {
    published.stopped_at_bad_record = *step == RecordSource::Step::stopped;
  } else if (step.error().code == Code::cancelled && stop.stop_requested()) {
    published.interrupted = true;
  } else {
    published.failure = step.error();
  }
  auto flushed = published.interrupted ? producer_.flush_here({options_.ack_timeout}) : flush(stop);
  if (!flushed.ok() && flushed.error().code == Code::cancelled) {
    published.interrupted = true;
    flushed = producer_.flush_here({options_.ack_timeout});
  }
  if (!flushed.ok() && !published.failure) published.failure = flushed.error();
  published.records = sent_;
  return published;
}

Result<RecordSource::Step> Publisher::send_all(const std::stop_token& stop) {
  ReplayPacer pacer(options_.replay_speed);
  ProducerRecord record;
  record.topic = options_.topic;
  record.headers = options_.headers;
  while (true) {
    SHOAL_TRY(const auto step, source_.next(record));
    if (step != RecordSource::Step::record) return step;
    if (options_.progress) options_.progress(source_.bytes_read());
    if (record.time && options_.replay_speed > 0) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      if (!sleep_for(pacer.wait_for(*record.time, now), stop)) return Error{Code::cancelled, "interrupted", ""};
    }
    const auto sent = producer_.send(record, {options_.ack_timeout, stop});
    if (sent.ok()) {
      ++sent_;
      continue;
    }
    // The record is wrong, not the producer.
    const Code code = sent.error().code;
    if (code != Code::invalid_argument && code != Code::limit_exceeded) return sent.error();
    if (!source_.refuse(sent.error())) return RecordSource::Step::stopped;
  }
}

Result<void> Publisher::flush(const std::stop_token& stop) {
  while (true) {
    const std::uint64_t before = ledger_.records();
    auto flushed = producer_.flush({options_.ack_timeout, stop});
    const bool progress = ledger_.records() > before;
    if (flushed.ok() || flushed.error().code != Code::timed_out || !progress) return flushed;
  }
}

}  // namespace shoal::command
