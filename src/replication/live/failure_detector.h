#pragma once

#include "base/clock.h"

#include <chrono>

namespace shoal::replication {

/// When to ask a peer for a sign of life, and what to think of one that gives none (docs/PROTOCOL.md, "Signs of life").
/// Pings are rare while all is well; who has a reason to doubt asks more often: another peer fell silent, or a feed
/// that used to move stopped.
class FailureDetector {
 public:
  /// What one peer said and owes.
  struct Peer {
    base::MonoTime last_heard{0};
    base::MonoTime ping_sent{0};  ///< 0: never
    bool owes_pong = false;
    base::MonoTime round_trip{-1};  ///< negative: not measured yet
  };
  struct Verdict {
    bool suspect = false;
    bool ping = false;
    bool dead = false;  ///< silent for so long that the connection is to be closed
  };

  /// Our head grew.
  void on_growth(base::MonoTime now);
  /// To be asked of every peer several times a second or at least once.
  [[nodiscard]] Verdict assess(const Peer& peer, base::MonoTime now);

 private:
  [[nodiscard]] bool stopped(base::MonoTime now) const;

  base::MonoTime last_suspect_ = -std::chrono::hours(1);
  base::MonoTime last_growth_{0};
  base::MonoTime usual_{0};  ///< time between two growths, smoothed
};

}  // namespace shoal::replication
