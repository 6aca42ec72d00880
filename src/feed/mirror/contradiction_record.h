#pragma once

#include "base/log_sink.h"
#include "feed/format/contradiction.h"
#include "feed/log/feed_log.h"

#include <optional>

namespace shoal::feed {

/// Keeps that the owner signed what contradicts itself, and says it once. On the executor of its FeedMirror; `log` and
/// `sink` outlive it.
class ContradictionRecord {
 public:
  ContradictionRecord(FeedLog& log, base::LogSink& sink) : log_(&log), sink_(&sink) {}

  /// `error` is about what is proven to be signed, under `head`. Code::contradiction is stored and freezes the feed;
  /// the error for users comes back. Any other error comes back as it is.
  [[nodiscard]] Error keep(Error error, const Checkpoint& head, std::optional<BlockIndex> block);
  /// Code::contradiction when one was found before.
  [[nodiscard]] Result<void> check() const;

 private:
  FeedLog* log_;
  base::LogSink* sink_;
};

}  // namespace shoal::feed
