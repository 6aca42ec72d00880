#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::swarm {

/// Reports once when the DHT entry points that the user named do not answer, and once when the DHT answers after that.
/// Pure state; the caller passes the time. Confined to its caller.
class DhtWatch {
 public:
  /// Without entry points it reports nothing.
  DhtWatch(std::vector<std::string> entry_points, base::MonoTime now);
  /// True while look() may still report something.
  [[nodiscard]] bool watching() const { return !entry_points_.empty(); }
  /// `heard`: DHT messages received since the start. Returns the text to log now, if any.
  [[nodiscard]] std::optional<std::string> look(base::MonoTime now, std::int64_t heard);

 private:
  std::vector<std::string> entry_points_;  ///< empty: done
  base::MonoTime started_;
  bool missed_ = false;
};

}  // namespace shoal::swarm
