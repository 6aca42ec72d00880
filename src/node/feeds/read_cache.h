#pragma once

#include "base/executor.h"
#include "base/log_sink.h"
#include "feed/log/feed_log.h"
#include "feed/read/feed_reader.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::node {

/// What subscriptions leave behind of a feed that is not mirrored: payloads that all of them have read stay up to a
/// number of bytes; the oldest beyond it are dropped. Thread-safe, but for trim().
class ReadCache : public std::enable_shared_from_this<ReadCache> {
 public:
  /// How far one subscription read, and how much of what it read stays.
  struct Reading {
    BlockIndex read_to{0};
    std::uint64_t cache_bytes = 0;  ///< 0: all of it
  };
  struct Context {
    const feed::FeedLog* log = nullptr;
    base::LogSink* sink = nullptr;
    base::Executor* strand = nullptr;
    /// The payloads are nobody else's: the feed is neither own nor mirrored, and is open.
    std::function<bool()> may_trim;
    /// As FeedLog::prune(). On the strand.
    std::function<Result<feed::Pruned>(const std::vector<BlockIndex>&)> prune;
  };
  explicit ReadCache(Context context) : context_(std::move(context)), reader_(*context_.log) {}

  /// A subscription begins; it ends with the returned handle.
  [[nodiscard]] std::shared_ptr<Reading> begin(std::uint64_t cache_bytes);
  [[nodiscard]] bool has_readers() const;
  /// The subscription of `reading` got here. What may be dropped then is dropped on the strand.
  void advance(const std::shared_ptr<Reading>& reading, BlockIndex read_to);
  /// Drops what no reader keeps, one step of it. On the strand.
  void trim();

 private:
  /// The readings together: how far all have read, and the most bytes that one of them leaves. nullopt: all stays.
  [[nodiscard]] std::optional<Reading> bound() const;
  [[nodiscard]] std::vector<BlockIndex> surplus(const Reading& bound) const;

  const Context context_;
  const feed::FeedReader reader_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Reading>> readings_;
  bool trim_planned_ = false;

  // On the strand.
  std::uint64_t unreclaimed_bytes_ = 0;  ///< dropped since the disk was given back
  feed::BlockRange unreclaimed_span_;
};

}  // namespace shoal::node
