#pragma once

#include "node/feeds/feed_host.h"

#include <memory>
#include <mutex>
#include <optional>

namespace shoal::node {

/// One record that is not held here, asked of the swarm: the replicator brings its block into the log. The feed's
/// waiters are notified when the answer is there. Thread-safe.
class OffsetRequest {
 public:
  /// The replicator answers within `timeout` of the task's turn on the strand, as Replicator::fetch_offset() says.
  [[nodiscard]] static std::shared_ptr<const OffsetRequest> start(FeedHost& host, const TopicPartition& stream,
                                                                  Offset offset, base::MonoTime timeout);

  /// It asks for this record.
  [[nodiscard]] bool is_for(const TopicPartition& stream, Offset offset) const {
    return stream_ == stream && offset_ == offset;
  }
  /// nullopt until it was answered.
  [[nodiscard]] std::optional<Result<BlockIndex>> answer() const;

 private:
  OffsetRequest(const TopicPartition& stream, Offset offset) : stream_(stream), offset_(offset) {}

  const TopicPartition stream_;
  const Offset offset_;
  mutable std::mutex mutex_;
  std::optional<Result<BlockIndex>> answer_;
};

}  // namespace shoal::node
