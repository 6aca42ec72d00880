#pragma once

#include "feed/read/prune_order.h"
#include "node/table/feed_table.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace shoal::node {

/// The thread that drops payloads: what is older than an own feed's retention or a mirror's `keep` allows, and of
/// mirrored feeds what does not fit into the budget of the directory. It asks each feed's own thread to drop, and gives
/// the disk back itself. Thread-safe.
class RetentionThread {
 public:
  RetentionThread(FeedTable& table, CommitThread& commit_thread, const base::Clock& clock, base::LogSink& log);
  ~RetentionThread();
  RetentionThread(const RetentionThread&) = delete;
  RetentionThread& operator=(const RetentionThread&) = delete;

  /// Options changed: looks at once.
  void wake();
  /// Drops what own feeds have to drop now: for processes that are gone before the thread looks.
  void settle_own_feeds();
  /// Joins. Not from the thread itself.
  void stop();

 private:
  void loop();
  void pass();
  void drop_expired(FeedHost& host);
  [[nodiscard]] Result<void> drop_expired_own(FeedHost& host, const Retention& retention);
  [[nodiscard]] Result<void> drop_surplus_own(FeedHost& host, std::uint64_t max_bytes);
  [[nodiscard]] Result<void> drop_expired_mirrored(FeedHost& host);
  void report(const FeedHost& host, const Error& error);

  FeedTable* table_;
  CommitThread* commit_thread_;
  const base::Clock* clock_;
  base::LogSink* log_;
  std::mutex pass_;  ///< one pass at a time
  std::map<FeedId, feed::ExpiredPayloads> expired_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

/// Gives back the disk of what was pruned in `span`, and writes files again that are mostly dead.
[[nodiscard]] Result<void> give_back(const feed::FeedLog& log, store::KvStore& store, const feed::BlockRange& span);
/// Writes all payloads again that share their files with dead ones.
[[nodiscard]] Result<void> rewrite_values(store::KvStore& store);
/// Only the second half.
[[nodiscard]] Result<void> give_back(store::KvStore& store);

}  // namespace shoal::node
