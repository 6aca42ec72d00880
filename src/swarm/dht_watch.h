#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::swarm {

/// Says once when the DHT's entry points that a user named do not answer, and once when the DHT does after all. A state
/// machine on times that it is told.
class DhtWatch {
 public:
  /// Without entry points there is nothing to watch.
  DhtWatch(std::vector<std::string> entry_points, base::MonoTime now);
  /// Something may still have to be said.
  [[nodiscard]] bool watching() const { return !entry_points_.empty(); }
  /// `heard`: DHT messages received so far, from anybody. What there is to say now.
  [[nodiscard]] std::optional<std::string> look(base::MonoTime now, std::int64_t heard);

 private:
  std::vector<std::string> entry_points_;  ///< empty: nothing is watched any more
  base::MonoTime started_;
  bool missed_ = false;
};

}  // namespace shoal::swarm
