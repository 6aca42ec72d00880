#include "replay_pacer.h"

namespace shoal::command {

std::chrono::nanoseconds ReplayPacer::wait_for(UnixMs record_time, std::chrono::nanoseconds now) {
  if (speed_ == 0) return std::chrono::nanoseconds(0);
  if (!first_record_) {
    first_record_ = record_time;
    start_ = now;
  }
  const double distance_ns = static_cast<double>(record_time - *first_record_) * 1e6 / speed_;
  // A gap of centuries between two records must not overflow.
  if (distance_ns > 9e18) return std::chrono::nanoseconds(std::chrono::hours(24 * 365));
  const auto due = start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(distance_ns));
  return due > now ? due - now : std::chrono::nanoseconds(0);
}

}  // namespace shoal::command
