#pragma once

#include "simulation/meter.h"

#include <map>
#include <string>
#include <vector>

namespace shoal::simulation {

/// What a run found beside the stages of its meter.
struct SwarmReport {
  std::string profile;
  std::uint64_t seed = 0;
  std::uint64_t trace = 0;
  std::uint64_t messages = 0;
  std::vector<Stage> stages;
  double idle_bytes_per_peer_minute = 0;
  std::size_t largest_queue = 0;
  double memory_per_node = 0;              ///< bytes of this process a node; differs from run to run
  std::map<int, double> recovery_seconds;  ///< per percent killed: until each survivor had the next record; -1 never
  double heal_seconds = -1;                ///< from the end of a partition until all have all
  std::vector<double> join_seconds;        ///< latecomers: from start to the first live record
  std::vector<std::string> failures;       ///< of checkers
};

}  // namespace shoal::simulation
