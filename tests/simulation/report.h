#pragma once

#include "simulation/swarm_report.h"

namespace shoal::simulation {

/// One JSON object, one line.
std::string to_json(const SwarmReport& report);
/// For people: a line a stage, then what was measured once.
std::string to_table(const SwarmReport& report);

}  // namespace shoal::simulation
