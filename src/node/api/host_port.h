#pragma once

#include <shoal/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::node {

/// `HOST:PORT`, IPv6 addresses in brackets. Only the form is checked; the node resolves names.
/// `allow_any_port` admits port 0. Returns the text itself; Code::invalid_argument otherwise.
[[nodiscard]] Result<std::string> parse_host_port(std::string_view text, bool allow_any_port);

/// The port after the last colon, 0 included; nullopt when no number from 0 to 65535 stands there.
[[nodiscard]] std::optional<std::uint16_t> port_of(std::string_view host_port);

}  // namespace shoal::node
