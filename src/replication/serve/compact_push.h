#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

#include <optional>

namespace shoal::replication {

/// The run as a push to a reader that has the topic state at `run.base`; nullopt when it says something that such a
/// reader could not compute: other than data blocks with their payloads, the first block of a partition.
[[nodiscard]] std::optional<Push> compact_push(const feed::FeedReader& reader, const Data& run);

}  // namespace shoal::replication
