#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

namespace shoal::replication {

/// The Have message of this side; empty when it does not serve. Of more than kMaxHaveRanges runs it names the longest.
Have report_have(const feed::FeedReader& reader, bool serve);

}  // namespace shoal::replication
