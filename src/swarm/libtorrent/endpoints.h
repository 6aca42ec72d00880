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

/// Addresses: as libtorrent has them, as texts `host:port` and `[v6]:port`, and as connections are counted by them.
namespace shoal::swarm {

[[nodiscard]] std::string endpoint_text(const lt::address& address, int port);
[[nodiscard]] std::string endpoint_text(const lt::tcp::endpoint& endpoint);
/// Of a literal address; nullopt for anything else.
[[nodiscard]] std::optional<lt::tcp::endpoint> parse_endpoint(std::string_view host_port);
/// Names are resolved too, which may block for as long as the resolver does; empty when that gives nothing.
[[nodiscard]] std::vector<lt::tcp::endpoint> resolve_endpoint(std::string_view host_port);

[[nodiscard]] NetAddress net_address(const lt::address& address);

}  // namespace shoal::swarm
