#pragma once

#include "feed/read/prune_order.h"
#include "node/table/feed_table.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace shoal::node {

/// The thread that drops payloads: those older than an own feed's retention or a mirror's `keep` allows, and those of
/// mirrored feeds that do not fit into the budget of the directory. The dropping itself runs on each feed's own thread;
/// this one waits for it, and gives the disk back. Thread-safe.
class RetentionThread {
 public:
  RetentionThread(FeedTable& table, CommitThread& commit_thread, const base::Clock& clock, base::LogSink& log);
  ~RetentionThread();
  RetentionThread(const RetentionThread&) = delete;
  RetentionThread& operator=(const RetentionThread&) = delete;

  /// Options changed: a pass begins at once.
  void wake();
  /// Drops what the retention of own feeds does not allow, on the calling thread: for processes that end before the
  /// thread's next pass.
  void apply_own_retention();
  /// Joins. Not from the thread itself.
  void stop();

 private:
  void loop();
  void pass();
  void drop_expired(FeedHost& host);
  [[nodiscard]] Result<void> drop_expired_own(FeedHost& host, const Retention& retention);
  [[nodiscard]] Result<void> drop_surplus_own(FeedHost& host, std::uint64_t max_bytes);
  [[nodiscard]] Result<void> drop_expired_mirrored(FeedHost& host);
  /// Whether dropping by this clock is safe: it fits the times that owners signed. Says once when it is not.
  [[nodiscard]] bool trusts_clock(std::chrono::milliseconds keep);
  void report(const FeedHost& host, const Error& error);

  FeedTable* table_;
  CommitThread* commit_thread_;
  const base::Clock* clock_;
  base::LogSink* log_;
  const base::MonoTime started_;
  std::mutex pass_;  ///< one pass at a time
  std::map<FeedId, feed::ExpiredPayloads> expired_;
  bool clock_said_ = false;  ///< of pass_

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoal::node
