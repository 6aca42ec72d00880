#pragma once

#include "feed/log/feed_log.h"

#include <shoal/retention.h>

#include <optional>

/// What the user wants of a feed for good: rows of the logged store (docs/FORMAT.md, "Store"). They go with the feed.
namespace shoal::node {

/// A mirror's topics and budgets; nullopt when the feed is not mirrored. Code::corrupt for a malformed row.
[[nodiscard]] Result<std::optional<MirrorOptions>> load_want(const feed::FeedLog& log);
/// Durable when it returns.
[[nodiscard]] Result<void> save_want(feed::FeedLog& log, const MirrorOptions& want);

/// What of an own feed stays; nullopt: everything.
[[nodiscard]] Result<std::optional<Retention>> load_retention(const feed::FeedLog& log);
/// Durable when it returns. A retention without any bound removes the row.
[[nodiscard]] Result<void> save_retention(feed::FeedLog& log, const Retention& retention);

Bytes encode_want(const MirrorOptions& want);
[[nodiscard]] Result<MirrorOptions> decode_want(ByteView row);
Bytes encode_retention(const Retention& retention);
[[nodiscard]] Result<Retention> decode_retention(ByteView row);

}  // namespace shoal::node
