#pragma once

#include "simulation/virtual_time.h"

namespace shoal::simulation {

/// A host's clock on virtual time: it runs as all do, and tells a date that may be years off.
class SkewedClock final : public base::Clock {
 public:
  SkewedClock(const VirtualTime& time, std::int64_t ahead_ms) : time_(time), ahead_ms_(ahead_ms) {}
  [[nodiscard]] UnixMs wall_now() const override { return UnixMs{time_.wall_now().value() + ahead_ms_}; }
  [[nodiscard]] base::MonoTime mono_now() const override { return time_.mono_now(); }

 private:
  const VirtualTime& time_;
  std::int64_t ahead_ms_;
};

}  // namespace shoal::simulation
