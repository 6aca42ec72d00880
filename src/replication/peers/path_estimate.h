#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <deque>

namespace shoal::replication {

/// What one peer delivers and how far away it is, from what was seen of it: a windowed maximum of the rate and a
/// windowed minimum of the round trip, as BBR keeps them (draft-cardwell-iccrg-bbr-congestion-control, 4.1). Only time
/// in which the peer owes us blocks counts, so a peer that was not asked does not look slow. Arithmetic on times that
/// the caller gives; they never go back.
class PathEstimate {
 public:
  /// Round trip of a peer that was not measured yet.
  static constexpr base::MonoTime kUnknownTrip = std::chrono::milliseconds(100);

  /// From now on it owes us blocks, or no more.
  void set_owing(bool owing, base::MonoTime now);
  /// Bytes of blocks came.
  void delivered(std::uint64_t bytes, base::MonoTime now);
  void measured_trip(base::MonoTime trip, base::MonoTime now);
  /// It failed: what it gave before says nothing any more.
  void forget_rate();

  /// Most bytes a second that it gave for a second or so, of the last ten that it owed something; 0: nothing is known.
  [[nodiscard]] double best_rate() const;
  /// Bytes a second of the last two seconds that it owed something, the present moment included; 0: it gives nothing.
  [[nodiscard]] double recent_rate(base::MonoTime now) const;
  /// What to count on: of late when it has owed something for a second, else at best; a guess while nothing is known.
  [[nodiscard]] double expected_rate(base::MonoTime now) const;
  /// When bytes came last; 0 none did.
  [[nodiscard]] base::MonoTime last_delivered() const { return last_delivered_; }
  /// For how long it owes us blocks without a pause; 0 when it does not.
  [[nodiscard]] base::MonoTime owing_for(base::MonoTime now) const;
  /// The shortest of the last minute.
  [[nodiscard]] base::MonoTime round_trip() const;

 private:
  struct Slice {
    base::MonoTime busy{0};  ///< time in which it owed something
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
