#pragma once

#include "base/log_sink.h"
#include "node/bundles/bundle_store.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace shoal::node {

/// Files of bundles with the rows of their feed: what a feed log opens on.
struct LoadedBundles {
  std::unique_ptr<BundleStore> store;
  std::vector<feed::BundleFacts> bundles;  ///< in order, each beginning where the one before ended, or later
};

/// Reads everything but the payloads (of which manifests alone are read), and verifies it against the signed heads: the
/// topic state, chains and index rows are those of an import. The bundles' digests are not looked at. Code::unverified,
/// Code::unavailable when a bundle does not continue the ones before, and the errors of reading.
[[nodiscard]] Result<LoadedBundles> load_bundles(const std::vector<std::filesystem::path>& files, base::LogSink& log);

}  // namespace shoal::node
