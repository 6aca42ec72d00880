#pragma once

#include "base/executor.h"
#include "base/log_sink.h"

#include <shoal/result.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace shoal::node {

/// Makes durable what was completely fetched, and then says that it is synced. Each flush makes a file, so it comes at
/// most every 250 ms, and every 2 s when nobody asked for a copy that stays. Confined to the feed's strand, but for
/// what is marked; the disk is waited for on another executor, so that blocks are taken and delivered meanwhile.
class SyncFlush : public std::enable_shared_from_this<SyncFlush> {
 public:
  struct Context {
    base::Executor* strand = nullptr;
    std::shared_ptr<base::Executor> flusher;
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    /// Makes everything stored so far durable. Called on the flusher.
    std::function<Result<void>()> make_durable;
    /// The copy is kept for good: a mirror's.
    std::function<bool()> is_kept;
    /// After each flush.
    std::function<void()> on_flushed;
  };
  explicit SyncFlush(Context context) : context_(std::move(context)) {}

  /// All that is followed is held up to this tree size.
  void on_synced(std::uint64_t tree_size);
  /// Something else is followed from here on: nothing of it is synced.
  void on_follow_changed();
  /// The largest tree size that was completely held, as it is followed now, and durable; 0 before the first. Any
  /// thread.
  [[nodiscard]] std::uint64_t synced_size() const { return synced_size_; }

 private:
  void plan();
  void flush();
  void on_flushed(std::uint64_t follow, std::uint64_t size, const Result<void>& flushed);

  const Context context_;
  std::uint64_t follow_ = 0;          ///< counts changes of what is followed: a flush belongs to one
  std::uint64_t unflushed_size_ = 0;  ///< held, and no flush of it has begun
  bool planned_ = false;              ///< a flush is planned or runs
  base::MonoTime last_flush_{0};
  std::atomic<std::uint64_t> synced_size_ = 0;
};

}  // namespace shoal::node
