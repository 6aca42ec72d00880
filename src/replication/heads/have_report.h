#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

namespace shoal::replication {

/// What this side tells peers that it holds; nothing when it does not serve. Bounded: of very many runs the longest.
Have report_have(const feed::FeedReader& reader, bool serve);

}  // namespace shoal::replication
