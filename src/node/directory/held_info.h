#pragma once

#include "feed/read/feed_reader.h"

#include <shoal/info.h>

namespace shoal::node {

/// What the rows of a feed say of it; the rest (name, mirrors, disk) is the caller's to fill in.
[[nodiscard]] Result<FeedInfo> held_info(const feed::FeedReader& reader);

}  // namespace shoal::node
