#pragma once

#include <shoal/result.h>
#include <shoal/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace shoal::node {

/// A node to dial: `HOST:PORT`, or `KEY@HOST:PORT` when only the node with that key (64 hex digits) may answer.
struct DialTarget {
  std::string host_port;
  std::optional<PublicKey> pinned;
};

/// Code::invalid_argument for a port that is none or 0, and for a malformed key.
[[nodiscard]] Result<DialTarget> parse_dial_target(std::string_view text);

}  // namespace shoal::node
