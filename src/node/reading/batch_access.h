#pragma once

#include "node/api/batch_api.h"
#include "node/feeds/feed_host.h"

#include <optional>
#include <vector>

/// Random access to what is held of a feed, by batch. Nothing here waits or asks a peer. Any thread.
namespace shoal::node {

/// See ReadingApi::fetch().
[[nodiscard]] Result<FetchedBatches> fetch_batches(const FeedHost& host, const FetchRequest& request);
/// See ReadingApi::ends().
[[nodiscard]] Result<std::vector<StreamEnds>> stream_ends(const FeedHost& host,
                                                          const std::vector<TopicPartition>& streams);
/// See ReadingApi::offset_of_time().
[[nodiscard]] Result<std::optional<TimedOffset>> find_offset(const FeedHost& host, const TopicPartition& stream,
                                                             UnixMs time);

}  // namespace shoal::node
