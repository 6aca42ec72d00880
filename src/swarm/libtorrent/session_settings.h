#pragma once

#include "swarm/connection_policy.h"
#include "swarm/swarm.h"

#include <utility>

#include <libtorrent/session_params.hpp>

namespace shoal::swarm {

/// libtorrent's parameters for our use: no files, no extensions but peer exchange, and either the public network or a
/// private one.
[[nodiscard]] lt::session_params session_parameters(const SwarmOptions& options);
/// Connection limits within the limit of file descriptors of this process.
[[nodiscard]] ConnectionPolicy::Limits connection_limits(const SwarmOptions& options);

}  // namespace shoal::swarm
