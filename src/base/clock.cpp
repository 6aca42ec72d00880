#include "base/clock.h"

namespace shoal::base {

UnixMs SystemClock::wall_now() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return UnixMs(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

MonoTime SystemClock::mono_now() const {
  return std::chrono::duration_cast<MonoTime>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace shoal::base
