#include "swarm/transport_choice.h"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>
#include <vector>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;

bool nobody() { return false; }
bool somebody() { return true; }

/// Seconds of a minute in which peers are dialled by uTP, asked every half second.
std::vector<int> seconds_by_utp(TransportChoice& choice, bool lonely, bool (*unreached)()) {
  std::vector<int> seconds;
  for (int half = 0; half < 120; ++half) {
    const bool utp = choice.by_utp(UnixMs(half * 500), half * 500ms, lonely, unreached);
    if (utp && half % 2 == 0) seconds.push_back(half / 2);
  }
  return seconds;
}

TEST(TransportChoice, ByTcpAloneWhileEverybodyIsReached) {
  TransportChoice choice;
  EXPECT_TRUE(seconds_by_utp(choice, false, nobody).empty());
}

TEST(TransportChoice, HalfOfTheTimeForAFeedWithoutPeersByTheWallClock) {
  TransportChoice choice;
  const auto seconds = seconds_by_utp(choice, true, nobody);
  ASSERT_EQ(seconds.size(), 30U);
  EXPECT_EQ(seconds.front(), 15);
  EXPECT_EQ(seconds[14], 29);
  EXPECT_EQ(seconds[15], 45);
  // Whoever asks at the same time has the same answer, whenever it began.
  TransportChoice other;
  EXPECT_EQ(seconds_by_utp(other, false, somebody), seconds);
}

TEST(TransportChoice, TcpHasTenSecondsBeforeALonelyFeedTurnsToUtp) {
  TransportChoice choice;
  EXPECT_FALSE(choice.by_utp(UnixMs(20000), 100s, true, nobody));
  EXPECT_FALSE(choice.by_utp(UnixMs(29000), 109s, true, nobody));
  EXPECT_TRUE(choice.by_utp(UnixMs(29999), 110s, true, nobody));
  // It found somebody, and lost him: the time begins again.
  EXPECT_FALSE(choice.by_utp(UnixMs(50000), 130s, false, nobody));
  EXPECT_FALSE(choice.by_utp(UnixMs(50500), 131s, true, nobody));
}

TEST(TransportChoice, AsksForUnreachedPeersOncePerStretch) {
  TransportChoice choice;
  int asked = 0;
  const auto count = [&asked] { return ++asked > 0; };
  for (int half = 0; half < 240; ++half) std::ignore = choice.by_utp(UnixMs(half * 500), half * 500ms, false, count);
  EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace shoal::swarm
