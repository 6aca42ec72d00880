#pragma once

#include "base/log_sink.h"
#include "feed/log/feed_log.h"
#include "feed/read/feed_reader.h"

#include <functional>
#include <mutex>
#include <set>

namespace shoal::node {

/// Damaged blocks of one feed: drops each at its first sight, says so, and knows which have not come back. Thread-safe,
/// but for what is marked. Its feed keeps it until no task of it is left.
class DamageWatch {
 public:
  struct Context {
    feed::FeedLog* log = nullptr;
    const feed::FeedReader* reader = nullptr;
    base::LogSink* sink = nullptr;
    const char* follows = "";  ///< what is said to follow from a dropped block
    /// Runs a task where the log changes, some time later, while the feed is there.
    std::function<void(std::function<void()>)> change;
    /// A block is not held any more. Where the log changes.
    std::function<void(BlockIndex)> on_dropped;
  };

  /// Before anybody reads the log.
  explicit DamageWatch(Context context);

  /// A block was dropped and is not held again.
  [[nodiscard]] bool any_missing();

 private:
  void drop(BlockIndex block);

  const Context context_;
  std::mutex mutex_;
  std::set<BlockIndex> dropped_;  ///< and not seen again
};

}  // namespace shoal::node
