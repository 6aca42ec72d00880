#pragma once

#include "base/clock.h"

#include <chrono>

namespace shoal::replication {

/// Decides when to ping a peer, when to suspect it and when to give it up (docs/PROTOCOL.md, "Failure detection"). An
/// unreliable failure detector in the sense of Chandra and Toueg (1996): a suspect may be alive and is trusted again
/// when it is heard. The deadline adapts to the peer's round-trip time.
///
/// Pings are rare in normal operation, because a node has up to thousands of idle connections. They become frequent
/// when there is a reason to suspect failures: another peer became a suspect, or a feed that grew steadily stopped.
/// Without it a dead parent is noticed only when TCP gives up, which takes minutes, and a live reader stands still.
///
/// Pure state; the caller passes the time. Confined to its caller.
class FailureDetector {
 public:
  /// What was exchanged with one peer.
  struct Peer {
    base::MonoTime last_heard{0};
    base::MonoTime ping_sent{0};    ///< 0: never
    bool owes_pong = false;         ///< a ping is not answered yet
    base::MonoTime round_trip{-1};  ///< negative: not measured yet
  };
  struct Verdict {
    bool suspect = false;  ///< its pong is late
    bool ping = false;     ///< send it a ping now
    bool dead = false;     ///< the connection is to be closed: nothing was heard for a minute
  };

  /// Our head grew.
  void on_growth(base::MonoTime now);
  /// To be called for each peer at least once a second.
  [[nodiscard]] Verdict assess(const Peer& peer, base::MonoTime now);

 private:
  /// The feed grew steadily and stopped a short time ago.
  [[nodiscard]] bool stopped(base::MonoTime now) const;

  base::MonoTime last_suspect_ = -std::chrono::hours(1);
  base::MonoTime last_growth_{0};
  base::MonoTime usual_{0};  ///< smoothed time between two growths; 0: not known yet
};

}  // namespace shoal::replication
