#pragma once

#include "feed/read/feed_audit.h"
#include "node/bundles/bundle_loader.h"

#include <cstdint>
#include <functional>

namespace shoal::node {

/// What `verify` says of bundles in place: every byte is hashed again, once for the digests and once against the signed
/// head. Missing is what the bundles claim and do not hold. `reader` reads `loaded.store`. Code::cancelled.
[[nodiscard]] Result<feed::AuditReport> audit_bundles(
    const LoadedBundles& loaded, const feed::FeedReader& reader,
    const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace shoal::node
