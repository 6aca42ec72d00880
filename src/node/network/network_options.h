#pragma once

#include "swarm/swarm.h"

#include <shoal/node.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoal::node {

/// The swarm's options from NodeOptions: default listen addresses use the directory's remembered port; the network is
/// private when the options say so, or when all given addresses are loopback or private. Code::invalid_argument for a
/// malformed address.
[[nodiscard]] Result<swarm::SwarmOptions> swarm_options(const NodeOptions& options, std::uint16_t remembered_port);

/// True for loopback, link-local and private addresses (RFC 1918, RFC 4193) in `host:port`.
bool is_private_address(std::string_view host_port);

}  // namespace shoal::node
