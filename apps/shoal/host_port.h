#pragma once

#include <shoal/result.h>

#include <string>
#include <string_view>

namespace shoal::command {

/// `HOST:PORT`, IPv6 addresses in brackets. Checked for shape only; names are looked up by the node.
/// `allow_any_port` admits port 0. Returns the text itself; Code::invalid_argument otherwise.
[[nodiscard]] Result<std::string> parse_host_port(std::string_view text, bool allow_any_port);

/// The same for a node to dial, which may be preceded by `KEY@`: the key that it must have.
[[nodiscard]] Result<std::string> parse_peer(std::string_view text);

}  // namespace shoal::command
