#pragma once

#include "node/directory/trusted_mirrors.h"

#include <shoal/result.h>
#include <shoal/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace shoal::node {

/// Whom to dial: `HOST:PORT`, or `KEY@HOST:PORT` when nobody but the node with that key (64 hex digits) shall answer.
struct DialTarget {
  std::string host_port;
  std::optional<PublicKey> pinned;
};

/// Code::invalid_argument for a port that is none or 0, and for a malformed key.
[[nodiscard]] Result<DialTarget> parse_dial_target(std::string_view text);

/// `NAME@HOST:PORT` with the key in place of a name that `shoal key trust` gave; anything else as it is.
/// Code::not_found for a name that stands for no key.
[[nodiscard]] Result<std::string> with_trusted_key(std::string_view text, const TrustedMirrors& mirrors);

}  // namespace shoal::node
