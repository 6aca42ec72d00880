#pragma once

#include "swarm/swarm.h"

#include <shoal/node.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoal::node {

/// What NodeOptions mean for the swarm: the listen addresses with the directory's remembered port, and whether this is
/// a private network (by wish, or when every address given is a loopback or private one). Code::invalid_argument for
/// addresses that cannot be read.
[[nodiscard]] Result<swarm::SwarmOptions> swarm_options(const NodeOptions& options, std::uint16_t remembered_port);

/// True for loopback, link-local and private addresses (RFC 1918, RFC 4193) in `host:port`.
bool is_private_address(std::string_view host_port);

}  // namespace shoal::node
