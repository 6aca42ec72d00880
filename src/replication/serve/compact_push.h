#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

#include <optional>

namespace shoal::replication {

/// The run as a push to a reader that has the topic state at `run.base`. nullopt when such a reader could not compute
/// it: a block that is no data block, lacks its payload, or is the first of its partition.
[[nodiscard]] std::optional<Push> compact_push(const feed::FeedReader& reader, const Data& run);

}  // namespace shoal::replication
