#pragma once

#include "swarm/connection_policy.h"
#include "swarm/swarm.h"

#include <utility>

#include <libtorrent/session_params.hpp>

namespace shoal::swarm {

/// libtorrent's parameters for our use: no files, no foreign extensions but peer exchange, and either the public
/// network or a closed one.
[[nodiscard]] lt::session_params session_parameters(const SwarmOptions& options);
/// How many connections there may be, as far as this process may open descriptors.
[[nodiscard]] ConnectionPolicy::Limits connection_limits(const SwarmOptions& options);

}  // namespace shoal::swarm
