#pragma once

#include "base/clock.h"
#include "base/executor.h"
#include "base/log_sink.h"
#include "base/random.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "replication/peers/credit_pool.h"
#include "replication/peers/replicator_events.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace shoal::replication {

/// What a replicator uses. All of it outlives the replicator.
struct ReplicatorContext {
  const feed::FeedReader* reader = nullptr;
  feed::FeedMirror* mirror = nullptr;
  base::Executor* executor = nullptr;
  const base::Clock* clock = nullptr;
  base::Random* random = nullptr;
  base::LogSink* log = nullptr;
  ReplicatorEvents* events = nullptr;
  /// This node's key, by which one of two connections with the same node is closed. Zero: both are kept.
  PublicKey node_key = {};
  /// Credit that the peers of all feeds share; null: only each peer's own bound holds.
  std::shared_ptr<CreditPool> credit = {};
};
struct ReplicatorOptions {
  bool serve = true;                                       ///< --no-upload clears it
  std::uint64_t credit_bytes = std::uint64_t{2560} << 10;  ///< in transit from one peer at most
  /// Number of peers that new blocks are pushed to; others are sent `busy`. Unset: 2 for own feeds, 6 for mirrors.
  std::optional<std::size_t> live_children = {};
};
}  // namespace shoal::replication
