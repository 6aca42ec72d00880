#pragma once

#include "replication/replicator.h"
#include "simulation/virtual_time.h"

#include <memory>

namespace shoal::simulation {

/// How a node behaves towards others.
enum class Behaviour : std::uint8_t {
  honest,
  silent,      ///< takes every want and answers none
  stalling,    ///< answers at one byte a second
  lies_bytes,  ///< changes payloads
  lies_heads,  ///< announces heads that nobody signed
  forked,      ///< serves another history that the owner's key signed
};

/// Changes `message` as a node of the behaviour would; false drops it.
bool act_hostile(Behaviour behaviour, replication::Message& message);
/// How long the node sits on the message.
base::MonoTime hold_back(Behaviour behaviour, const replication::Message& message);

}  // namespace shoal::simulation
