#include "replication/peers/peer_credit.h"

namespace shoal::replication {
namespace {

constexpr double kGain = 2;
/// Delay of strands, timers and the sender's queue, beside the round trip.
constexpr base::MonoTime kSlack = std::chrono::milliseconds(50);

}  // namespace

void PeerCredit::update(const PathEstimate& path) {
  const double rate = path.best_rate();
  if (rate <= 0) return;
  const double delay = std::chrono::duration<double>(path.round_trip() + kSlack).count();
  const double wanted = std::min(kGain * rate * delay, static_cast<double>(ceiling_));
  lease_.resize(std::max(static_cast<std::uint64_t>(wanted), kFloor) - kFloor);
}

}  // namespace shoal::replication
