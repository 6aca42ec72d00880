#pragma once

#include "feed/log/log_state.h"

#include <cstdint>
#include <map>
#include <string_view>

namespace shoal::feed {

/// Set while a rebuild runs, so that a crash inside one is noticed at the next start.
inline constexpr std::string_view kRebuildingProperty = "log/rebuilding";

/// What the rows of a log's topics, offsets and times say, made from its headers.
struct RebuiltIndices {
  Partitions partitions;
  std::map<TopicPartition, std::uint32_t> numbers;
  TopicState topics;
  std::uint64_t applied = 0;
};

/// Erases the three columns' rows of the feed and writes them again from the held headers. `state` gives what is held,
/// and what headers do not tell: numbers given so far, log starts and learned entries. Code::corrupt when a held header
/// is missing or damaged.
[[nodiscard]] Result<RebuiltIndices> rebuild_index_rows(store::KvStore& store, store::FeedNumber feed, const FeedId& id,
                                                        const LogState& state);

}  // namespace shoal::feed
