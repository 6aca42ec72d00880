#pragma once

#include "base/log_sink.h"
#include "node/table/feed_table.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace shoal::node {

/// Reads every held block again and again, so slowly that it takes a week for all: rot is found before somebody needs
/// the block, and while others still have it. After a salvage the first round takes ten minutes: until then receipts
/// may claim what was lost. What is damaged is dropped by the feed itself, as at any read. Thread-safe.
class ScrubThread {
 public:
  enum class First : std::uint8_t { week, minutes };
  explicit ScrubThread(FeedTable& table, First first = First::week);
  ~ScrubThread();
  ScrubThread(const ScrubThread&) = delete;
  ScrubThread& operator=(const ScrubThread&) = delete;

  /// Joins. Not from the thread itself.
  void stop();

  /// Blocks to read in each second when `held` blocks are to be read in a week.
  [[nodiscard]] static std::uint64_t step(std::uint64_t held, First first = First::week);
  /// Reads the `blocks` that come next. The thread does it; tests call it.
  void read(std::uint64_t blocks);

 private:
  void loop();

  FeedTable* table_;
  First first_;  ///< of the thread
  FeedId feed_;  ///< where to go on
  BlockIndex block_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoal::node
