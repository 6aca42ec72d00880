#include "replication/session/ban_list.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

PublicKey node(unsigned number) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(number);
  key.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return key;
}

constexpr base::MonoTime kStart = 5h;

TEST(BanList, ALieBansForAWhileAndTheNextOneForLonger) {
  BanList bans;
  EXPECT_FALSE(bans.refuses(node(1), kStart));
  bans.lied(node(1), kStart);
  EXPECT_TRUE(bans.refuses(node(1), kStart + 10min - 1s));
  EXPECT_FALSE(bans.refuses(node(1), kStart + 10min));
  EXPECT_FALSE(bans.refuses(node(2), kStart));
  bans.lied(node(1), kStart + 1h);
  EXPECT_TRUE(bans.refuses(node(1), kStart + 1h + 20min - 1s));
  EXPECT_FALSE(bans.refuses(node(1), kStart + 1h + 20min));
}

TEST(BanList, NoBanIsLongerThanADayAndAllAreForgottenInTheEnd) {
  BanList bans;
  base::MonoTime now = kStart;
  for (int i = 0; i < 40; ++i) bans.lied(node(1), now += 1min);
  EXPECT_TRUE(bans.refuses(node(1), now + 23h));
  EXPECT_FALSE(bans.refuses(node(1), now + 24h));
  now += 24h + BanList::kMemory;
  bans.lied(node(1), now);
  EXPECT_FALSE(bans.refuses(node(1), now + BanList::kFirstBan));
}

TEST(BanList, OneFloodBansNobodyAndRepeatedOnesDo) {
  BanList bans;
  bans.flooded(node(1), kStart);
  EXPECT_FALSE(bans.refuses(node(1), kStart));
  bans.flooded(node(1), kStart + 1min);
  EXPECT_FALSE(bans.refuses(node(1), kStart + 1min));
  bans.flooded(node(1), kStart + 2min);
  EXPECT_TRUE(bans.refuses(node(1), kStart + 2min));
  // A line that stands still once an hour never looks like a flood.
  for (int i = 0; i < 50; ++i) {
    bans.flooded(node(2), kStart + i * 1h);
    EXPECT_FALSE(bans.refuses(node(2), kStart + i * 1h));
  }
}

TEST(BanList, IsBoundedAndKeepsTheLongestBans) {
  BanList bans;
  for (int i = 0; i < 5; ++i) bans.lied(node(0), kStart);
  for (unsigned i = 1; i < 5'000; ++i) bans.lied(node(i), kStart);
  EXPECT_LE(bans.size(), BanList::kMaxNodes);
  EXPECT_TRUE(bans.refuses(node(0), kStart));
  EXPECT_TRUE(bans.refuses(node(4'999), kStart));
}

TEST(BanList, ARestartKeepsWhatIsInForceAndHowOftenItCameToIt) {
  BanList before;
  before.lied(node(1), kStart);
  before.lied(node(2), kStart);
  before.lied(node(2), kStart);
  before.flooded(node(3), kStart);
  const auto saved = before.save(kStart + 1min);
  ASSERT_EQ(saved.size(), 2U);
  EXPECT_EQ(saved[0], (BanList::Saved{node(2), 19min, 2}));
  BanList after;
  constexpr base::MonoTime kLater = 1s;  // another boot: the steady clock began anew
  after.load(saved, kLater);
  EXPECT_TRUE(after.refuses(node(1), kLater + 9min - 1s));
  EXPECT_FALSE(after.refuses(node(1), kLater + 9min));
  EXPECT_FALSE(after.refuses(node(3), kLater));
  after.lied(node(2), kLater + 1h);
  EXPECT_TRUE(after.refuses(node(2), kLater + 1h + 39min));
  EXPECT_TRUE(before.save(kStart + 1h).empty());
}

TEST(BanList, ASavedBanIsNeverLongerThanTheLongest) {
  BanList bans;
  bans.load({{node(1), 24h * 365, 200}}, kStart);
  EXPECT_FALSE(bans.refuses(node(1), kStart + BanList::kLongestBan));
}

}  // namespace
}  // namespace shoal::replication
