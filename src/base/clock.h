#pragma once

#include <shoal/types.h>

#include <chrono>

namespace shoal::base {

/// Steady time since an arbitrary start. Only differences mean something.
using MonoTime = std::chrono::nanoseconds;

/// The only source of time below `node/`. The simulator drives one by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock; may jump in both directions.
  [[nodiscard]] virtual UnixMs wall_now() const = 0;
  /// Never goes back.
  [[nodiscard]] virtual MonoTime mono_now() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] UnixMs wall_now() const override;
  [[nodiscard]] MonoTime mono_now() const override;
};

}  // namespace shoal::base
