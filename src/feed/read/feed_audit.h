#pragma once

#include "feed/read/feed_reader.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shoal::feed {

/// What hashing everything again found.
struct AuditReport {
  Checkpoint head;
  std::uint64_t headers_checked = 0;
  std::uint64_t payloads_checked = 0;
  std::uint64_t payloads_pruned = 0;
  std::vector<BlockRange> missing_headers;   ///< holes: never held
  std::vector<BlockRange> missing_payloads;  ///< holes: never held (for a sparse feed only those it wants)
  std::vector<std::string> damage;           ///< one line each: what contradicts what

  [[nodiscard]] bool complete() const { return damage.empty() && missing_headers.empty() && missing_payloads.empty(); }
};

/// Hashes every held block again, rebuilds the tree and the topic state and compares them with the signed head, and the
/// index rows with the headers. `progress(done, total)` is called now and then; returning false stops with
/// Code::cancelled.
[[nodiscard]] Result<AuditReport> audit(const FeedReader& reader,
                                        const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace shoal::feed
