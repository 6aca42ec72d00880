#include "replication/peers/peer_credit.h"

#include "replication/serve/want_server.h"
#include "replication/session/feed_channel.h"

#include <gtest/gtest.h>

#include <vector>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

PathEstimate path_of(double bytes_per_second, base::MonoTime trip) {
  PathEstimate path;
  base::MonoTime now = 1h;
  path.measured_trip(trip, now);
  path.set_owing(true, now);
  for (int i = 0; i < 200; ++i) {
    now += 10ms;
    path.delivered(static_cast<std::uint64_t>(bytes_per_second / 100), now);
  }
  return path;
}

TEST(PeerCredit, IsTwiceRateTimesDelay) {
  PeerCredit credit(PeerCredit::kCeiling, nullptr);
  EXPECT_EQ(credit.bytes(), PeerCredit::kInitial);
  credit.update(path_of(4e6, 50ms));
  EXPECT_NEAR(static_cast<double>(credit.bytes()), 2 * 4e6 * 0.1, 1e4);  // 50 ms more for timers and strands
  credit.update(path_of(4e6, 150ms));
  EXPECT_NEAR(static_cast<double>(credit.bytes()), 2 * 4e6 * 0.2, 1e4);
}

TEST(PeerCredit, HasAFloorAndACeiling) {
  PeerCredit credit(PeerCredit::kCeiling, nullptr);
  credit.update(path_of(1000, 1ms));
  EXPECT_EQ(credit.bytes(), PeerCredit::kFloor);
  credit.update(path_of(1e9, 100ms));
  EXPECT_EQ(credit.bytes(), PeerCredit::kCeiling);
  // All that we may have granted to one peer at once leaves room for what is not counted here: a live want has a
  // quarter of the ceiling, and each other want the floor at least.
  const std::uint64_t granted =
      PeerCredit::kCeiling + PeerCredit::kCeiling / 4 + WantServer::kMaxWantsPerPeer * PeerCredit::kFloor;
  EXPECT_LE(granted + (std::uint64_t{1} << 20), FeedChannel::kMaxInbound);
}

TEST(PeerCredit, NothingMeasuredChangesNothing) {
  PeerCredit credit(PeerCredit::kCeiling, nullptr);
  credit.update(PathEstimate{});
  EXPECT_EQ(credit.bytes(), PeerCredit::kInitial);
}

TEST(PeerCredit, AllPeersTogetherStayInsideThePool) {
  const auto pool = std::make_shared<CreditPool>(10 << 20);
  {
    std::vector<PeerCredit> peers;
    for (int i = 0; i < 100; ++i) peers.emplace_back(PeerCredit::kCeiling, pool);
    const PathEstimate fast = path_of(1e9, 100ms);
    std::uint64_t above_floor = 0;
    for (PeerCredit& peer : peers) {
      peer.update(fast);
      above_floor += peer.bytes() - PeerCredit::kFloor;
    }
    EXPECT_EQ(above_floor, std::uint64_t{10} << 20);
    EXPECT_EQ(pool->left(), 0U);
    // Nobody gets less than the floor, and what one gives back another takes.
    EXPECT_EQ(peers.back().bytes(), PeerCredit::kFloor);
    peers.front().update(path_of(1000, 1ms));
    peers.back().update(fast);
    EXPECT_GT(peers.back().bytes(), PeerCredit::kFloor);
  }
  EXPECT_EQ(pool->left(), std::uint64_t{10} << 20);
}

}  // namespace
}  // namespace shoal::replication
