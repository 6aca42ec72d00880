#pragma once

#include "feed/read/audit_report.h"
#include "feed/read/feed_reader.h"

#include <cstdint>
#include <functional>

namespace shoal::feed {

/// Hashes every held block again, rebuilds the tree and the topic state and compares them with the signed head, and the
/// index rows with the headers. `progress(done, total)` is called now and then; returning false stops with
/// Code::cancelled.
[[nodiscard]] Result<AuditReport> audit(const FeedReader& reader,
                                        const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace shoal::feed
