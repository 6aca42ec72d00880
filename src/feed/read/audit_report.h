#pragma once

#include "feed/format/block.h"
#include "feed/format/checkpoint.h"

#include <cstdint>
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

}  // namespace shoal::feed
