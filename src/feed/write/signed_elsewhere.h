#pragma once

#include "feed/format/checkpoint.h"
#include "feed/log/feed_log.h"

#include <optional>

/// Heads of an own feed that others show and that are not here: another machine, or a newer copy of this directory, has
/// signed on. Whatever is signed here then is a second history, so nothing is until those blocks are here.
namespace shoal::feed {

/// The signed `head` has blocks that are not in the history of `held`: it is longer, or of a later epoch.
[[nodiscard]] bool goes_beyond(const Checkpoint& head, const std::optional<Checkpoint>& held);
/// Remembers a verified head, durably, for every later start; of several the one that goes furthest. The changing
/// thread.
[[nodiscard]] Result<void> note_signed_elsewhere(FeedLog& log, const Checkpoint& head);
/// Code::unsafe_to_sign while a remembered head goes beyond the log's.
[[nodiscard]] Result<void> check_signed_elsewhere(const FeedLog& log);

}  // namespace shoal::feed
