#pragma once

#include "feed/log/feed_log.h"

#include <cstdint>

namespace shoal::node {

/// Bytes of all payloads that are held. Any thread.
[[nodiscard]] inline std::uint64_t payload_bytes(const feed::FeedLog& log) {
  return log.inspect([](const feed::LogState& state) {
    std::uint64_t bytes = 0;
    for (const feed::PartitionState& partition : state.partitions) bytes += partition.payload_bytes;
    return bytes;
  });
}

}  // namespace shoal::node
