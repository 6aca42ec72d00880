#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <deque>

namespace shoal::replication {

/// Measures the rate and the round trip of one peer: a windowed maximum of the rate and a windowed minimum of the round
/// trip, as BBR keeps them (draft-cardwell-iccrg-bbr-congestion-control, 4.1). The maximum ignores moments in which the
/// line was shared, the minimum ignores queues; an average of either would shrink the credit, and with it the rate,
/// step by step. Only time in which the peer owes us blocks counts, so that a peer that was not asked does not look
/// slow. Arithmetic on times that the caller gives; they never go back.
class PathEstimate {
 public:
  /// Round trip of a peer that was not measured yet.
  static constexpr base::MonoTime kUnknownTrip = std::chrono::milliseconds(100);

  /// The peer owes us blocks from now on, or no longer does.
  void set_owing(bool owing, base::MonoTime now);
  /// Bytes of blocks arrived.
  void delivered(std::uint64_t bytes, base::MonoTime now);
  void measured_trip(base::MonoTime trip, base::MonoTime now);
  /// The peer stalled: its former rates mean nothing.
  void forget_rate();

  /// Best rate over about a second, of the last ten seconds in which it owed blocks. Bytes a second; 0: unknown.
  [[nodiscard]] double best_rate() const;
  /// Rate over the last two seconds in which it owed blocks, up to now. Bytes a second; 0: it gives nothing.
  [[nodiscard]] double recent_rate(base::MonoTime now) const;
  /// Rate to plan with: recent_rate() once it owed blocks for a second without a pause, else best_rate(); a guess while
  /// unknown.
  [[nodiscard]] double expected_rate(base::MonoTime now) const;
  /// When bytes arrived last; 0: never.
  [[nodiscard]] base::MonoTime last_delivered() const { return last_delivered_; }
  /// How long it has owed us blocks without a pause; 0: it owes none.
  [[nodiscard]] base::MonoTime owing_for(base::MonoTime now) const;
  /// The shortest one of the last minute.
  [[nodiscard]] base::MonoTime round_trip() const;

 private:
  struct Slice {
    base::MonoTime busy{0};  ///< time in which it owed blocks
    std::uint64_t bytes = 0;
  };
  struct Trip {
    base::MonoTime when{0};
    base::MonoTime trip{0};
  };
  void advance(base::MonoTime now);

  std::deque<Slice> slices_;  ///< closed ones, newest last
  Slice open_;
  bool owing_ = false;
  base::MonoTime owing_since_{0};
  base::MonoTime counted_to_{0};
  base::MonoTime last_delivered_{0};
  std::deque<Trip> trips_;  ///< ascending in time and in trip: the first is the shortest
};

}  // namespace shoal::replication
