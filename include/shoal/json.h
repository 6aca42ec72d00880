#pragma once

#include <shoal/info.h>

#include <string>
#include <vector>

namespace shoal {

/// One line of JSON, without its end: as `shoal info --json` and `shoal peers --json` print it, and docs/API.md answers
/// it. Any thread; never fails.
[[nodiscard]] std::string to_json(const FeedInfo& info);
[[nodiscard]] std::string to_json(const std::vector<PeerInfo>& peers);

}  // namespace shoal
