#include "replication/live/failure_detector.h"

#include <algorithm>
#include <utility>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kPingEvery = std::chrono::seconds(15);
/// A peer is suspect when its pong is late by this much plus eight round trips.
constexpr base::MonoTime kAnswer = std::chrono::seconds(2);
/// After a peer became suspect, ping others that were silent for this long, during this long.
constexpr base::MonoTime kQuiet = std::chrono::seconds(3);
/// A peer is dead when nothing was heard of it for this long.
constexpr base::MonoTime kSilence = std::chrono::seconds(60);
/// If a feed that grew at least this often goes quiet, probe other peers for this long.
constexpr base::MonoTime kLively = std::chrono::seconds(2);
constexpr base::MonoTime kMissedFor = std::chrono::seconds(8);

}  // namespace

void FailureDetector::on_growth(base::MonoTime now) {
  const base::MonoTime last = std::exchange(last_growth_, now);
  if (last.count() == 0) return;
  const base::MonoTime since = std::min(base::MonoTime(now - last), 4 * kLively);
  usual_ = usual_.count() == 0 ? since : (3 * usual_ + since) / 4;
}

/// Either the owner pauses, or all peers that would tell us are dead: only pings can show which.
bool FailureDetector::stopped(base::MonoTime now) const {
  const base::MonoTime rest = now - last_growth_;
  return usual_.count() != 0 && usual_ <= kLively && rest > std::max(kAnswer, 4 * usual_) && rest < kMissedFor;
}

FailureDetector::Verdict FailureDetector::assess(const Peer& peer, base::MonoTime now) {
  Verdict verdict;
  const base::MonoTime silent = now - peer.last_heard;
  const base::MonoTime patience = kAnswer + 8 * std::max(peer.round_trip, base::MonoTime{0});
  verdict.dead = silent > kSilence;
  verdict.suspect = peer.owes_pong && silent > patience && now - peer.ping_sent > patience;
  if (verdict.suspect) last_suspect_ = now;
  // Failures are correlated (a partition, a data centre): after one suspect, probe other silent peers soon.
  const bool alarmed = now - last_suspect_ < kQuiet || stopped(now);
  const bool due = peer.ping_sent.count() == 0 || now - peer.ping_sent > kPingEvery ||
                   (alarmed && silent > (stopped(now) ? kAnswer : kQuiet));
  verdict.ping = !peer.owes_pong && due;
  return verdict;
}

}  // namespace shoal::replication
