#pragma once

#include "base/log_sink.h"
#include "node/table/feed_table.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace shoal::node {

/// Reads every held block again and again, so slowly that it takes a week for all: rot is found before somebody needs
/// the block, and while others still have it. What is damaged is dropped by the feed itself, as at any read.
/// Thread-safe.
class ScrubThread {
 public:
  explicit ScrubThread(FeedTable& table);
  ~ScrubThread();
  ScrubThread(const ScrubThread&) = delete;
  ScrubThread& operator=(const ScrubThread&) = delete;

  /// Joins. Not from the thread itself.
  void stop();

  /// Blocks to read in each second when `held` blocks are to be read in a week.
  [[nodiscard]] static std::uint64_t step(std::uint64_t held);
  /// Reads the `blocks` that come next. The thread does it; tests call it.
  void read(std::uint64_t blocks);

 private:
  void loop();

  FeedTable* table_;
  FeedId feed_;  ///< where to go on
  BlockIndex block_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoal::node
