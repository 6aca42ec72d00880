#pragma once

#include "base/clock.h"
#include "crypto/hash.h"

#include <vector>

/// What the tests of schedules share: feeds by number, and a schedule asked at regular times.
namespace shoal::swarm::testing {

inline crypto::Digest feed_of(int number) {
  crypto::Digest digest;
  digest.bytes[0] = static_cast<std::uint8_t>(number >> 8);
  digest.bytes[1] = static_cast<std::uint8_t>(number);
  return digest;
}

/// Asks at `from` and every `step` up to `to`; the times at which something was due.
template <class Schedule>
std::vector<base::MonoTime> run(Schedule& schedule, base::MonoTime from, base::MonoTime to, base::MonoTime step) {
  std::vector<base::MonoTime> times;
  for (base::MonoTime now = from; now <= to; now += step) {
    if (schedule.next(now)) times.push_back(now);
  }
  return times;
}

}  // namespace shoal::swarm::testing
