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

/// What a replicator works with. Everything outlives it.
struct ReplicatorContext {
  const feed::FeedReader* reader = nullptr;
  feed::FeedMirror* mirror = nullptr;
  base::Executor* executor = nullptr;
  const base::Clock* clock = nullptr;
  base::Random* random = nullptr;
  base::LogSink* log = nullptr;
  ReplicatorEvents* events = nullptr;
  /// This node's key: decides which of two connections with one node is kept. Zero keeps both.
  PublicKey node_key = {};
  /// What the peers of all feeds may have on their way; null: no bound but each peer's.
  std::shared_ptr<CreditPool> credit = {};
};
struct ReplicatorOptions {
  bool serve = true;                                       ///< --no-upload clears it
  std::uint64_t credit_bytes = std::uint64_t{2560} << 10;  ///< on the way from one peer at most
  /// Peers that new blocks are pushed to; others are told to ask elsewhere. Unset: 2 for own feeds, 6 else.
  std::optional<std::size_t> live_children = {};
};
}  // namespace shoal::replication
