#pragma once

#include "swarm/net_address.h"

#include <shoal/result.h>

#include <utility>

#include <libtorrent/address.hpp>
#include <libtorrent/socket.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Conversions between libtorrent's addresses, texts `host:port` and `[v6]:port`, and NetAddress.
namespace shoal::swarm {

[[nodiscard]] std::string endpoint_text(const lt::address& address, int port);
[[nodiscard]] std::string endpoint_text(const lt::tcp::endpoint& endpoint);
/// Parses a literal address with port; nullopt for anything else.
[[nodiscard]] std::optional<lt::tcp::endpoint> parse_endpoint(std::string_view host_port);
/// Resolves names too, which may block as long as the resolver does. Empty when it finds nothing.
[[nodiscard]] std::vector<lt::tcp::endpoint> resolve_endpoint(std::string_view host_port);

[[nodiscard]] NetAddress net_address(const lt::address& address);

}  // namespace shoal::swarm
