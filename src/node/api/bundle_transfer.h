#pragma once

#include "feed/bundle/bundle_summary.h"
#include "feed/bundle/byte_stream.h"

#include <shoal/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What the export and the import of bundles take and give.
namespace shoal::node {

using BundleSummary = feed::BundleSummary;
using ByteSink = feed::ByteSink;
using ByteSource = feed::ByteSource;

/// What goes into a bundle.
struct ExportOptions {
  std::vector<std::string> topics = {};  ///< names or globs; empty: everything held
  std::optional<UnixMs> from = {};       ///< only blocks that may hold records with time >= from
  std::optional<UnixMs> before = {};     ///< only blocks that may hold records with time < before
  std::uint64_t after_size = 0;          ///< only blocks from this tree size on: the growth of an older bundle
  std::uint64_t part_bytes = 0;          ///< split into bundles of at most this many bytes; 0: one bundle
};

/// Called now and then by a long operation; it returns false to stop the operation, which then ends with
/// Code::cancelled. A total of 0 is not known: `done` then counts bytes.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace shoal::node
