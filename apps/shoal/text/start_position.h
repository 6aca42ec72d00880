#pragma once

#include <shoal/subscription.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::command {

/// What the `-o` options of `sub` ask for together.
struct StartPosition {
  std::optional<Start> start = {};    ///< nullopt: none was given
  std::optional<UnixMs> before = {};  ///< `e@TIME`
};

/// `beginning|end|stored|cursor:TOKEN|N|-N|s@TIME|e@TIME`; one start and one end at most.
[[nodiscard]] Result<StartPosition> parse_start(const std::vector<std::string>& values, UnixMs now);

/// A partition's number.
[[nodiscard]] Result<Partition> parse_partition(std::string_view text);

/// FIRST[..LAST] of `get`, both included.
struct OffsetRange {
  Offset first{0};
  Offset last{0};
};

[[nodiscard]] Result<OffsetRange> parse_offset_range(std::string_view text);

}  // namespace shoal::command
