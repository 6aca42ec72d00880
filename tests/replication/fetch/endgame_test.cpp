#include "replication/fetch/endgame.h"

#include <gtest/gtest.h>

#include <limits>

namespace shoal::replication {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kBlock = 10'000;

Outstanding owes(std::uint64_t want, std::uint64_t begin, std::uint64_t end, double seconds, std::uint64_t peer = 1) {
  return {want, PeerId{peer}, {BlockIndex{begin}, BlockIndex{end}}, seconds, kBlock, false};
}
Helper helper(double rate) { return {PeerId{9}, rate, std::chrono::milliseconds(10)}; }

TEST(EndgameDuplicate, OfOneThatBringsNothingAllIsTaken) {
  const auto part = pick_duplicate({owes(7, 100, 110, kNever)}, helper(1e6));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->want, 7U);
  EXPECT_EQ(part->part, (BlockRange{BlockIndex{100}, BlockIndex{110}}));
}

TEST(EndgameDuplicate, OfASlowOneTheEndSoThatBothGetThroughTogether) {
  // 100 blocks in 10 s are 100 kB/s; the helper gives 300 kB/s: three quarters.
  const auto part = pick_duplicate({owes(7, 0, 100, 10)}, helper(3e5));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part, (BlockRange{BlockIndex{25}, BlockIndex{100}}));
}

TEST(EndgameDuplicate, ASingleBlockIsAskedForTwice) {
  const auto part = pick_duplicate({owes(7, 5, 6, 8)}, helper(1e6));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part, (BlockRange{BlockIndex{5}, BlockIndex{6}}));
}

TEST(EndgameDuplicate, NothingIsAskedTwiceForASmallGain) {
  EXPECT_FALSE(pick_duplicate({owes(7, 0, 100, 0.2)}, helper(1e7)));
  EXPECT_FALSE(pick_duplicate({owes(7, 0, 100, 1)}, helper(1e4)));
  EXPECT_FALSE(pick_duplicate({owes(7, 0, 100, kNever)}, helper(0)));
}

TEST(EndgameDuplicate, TheLongestFirstAndEachWantOnce) {
  std::vector<Outstanding> all{owes(1, 0, 10, 5), owes(2, 10, 20, 50), owes(3, 20, 30, kNever, 9)};
  EXPECT_EQ(pick_duplicate(all, helper(1e6))->want, 2U);  // 3 is the helper's own
  all[1].shared = true;
  EXPECT_EQ(pick_duplicate(all, helper(1e6))->want, 1U);
  all[0].shared = true;
  EXPECT_FALSE(pick_duplicate(all, helper(1e6)));
}

TEST(EndgameDuplicate, TheLongestIsFoundWhereverItStands) {
  EXPECT_EQ(pick_duplicate({owes(1, 0, 10, 50), owes(2, 10, 20, 5)}, helper(1e6))->want, 1U);
  EXPECT_EQ(pick_duplicate({owes(1, 0, 10, kNever), owes(2, 10, 20, kNever)}, helper(1e6))->want, 1U);
}

TEST(EndgameDuplicate, AWantThatLacksNothingIsLeftAlone) {
  EXPECT_FALSE(pick_duplicate({owes(7, 5, 5, kNever)}, helper(1e6)));
  EXPECT_EQ(pick_duplicate({owes(7, 5, 5, kNever), owes(8, 5, 6, 9)}, helper(1e6))->want, 8U);
}

TEST(EndgameDuplicate, ASingleBlockNeedsALargerGain) {
  EXPECT_FALSE(pick_duplicate({owes(7, 5, 6, 1.5)}, helper(1e6)));
  EXPECT_TRUE(pick_duplicate({owes(7, 5, 7, 1.5)}, helper(1e6)));
  // The helper takes one second for the block: twice that, and two seconds.
  const Helper second{PeerId{9}, kBlock, base::MonoTime{0}};
  EXPECT_TRUE(pick_duplicate({owes(7, 5, 6, 4)}, second));
  EXPECT_FALSE(pick_duplicate({owes(7, 5, 6, 3.99)}, second));
}

TEST(EndgameSplit, AnEqualPeerTakesHalfThoughItIsNoFaster) {
  // 100 blocks in 10 s; both bring 100 kB/s.
  const auto part = pick_split({owes(7, 0, 100, 10)}, helper(1e5));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part, (BlockRange{BlockIndex{50}, BlockIndex{100}}));
  EXPECT_FALSE(pick_duplicate({owes(7, 0, 100, 10)}, helper(1e5)));
}

TEST(EndgameSplit, NotForASmallGain) {
  EXPECT_FALSE(pick_split({owes(7, 0, 20, 0.2)}, helper(1e6)));
  EXPECT_FALSE(pick_split({owes(7, 0, 100, 10)}, helper(0)));
  EXPECT_FALSE(pick_split({owes(7, 0, 100, 10, 9)}, helper(1e6)));  // the helper's own
  // The helper takes one second for the block.
  const Helper second{PeerId{9}, kBlock, base::MonoTime{0}};
  EXPECT_TRUE(pick_split({owes(7, 5, 6, 1 + 0.15)}, second));
  EXPECT_FALSE(pick_split({owes(7, 5, 6, 1.14)}, second));
}

TEST(EndgameSplit, WhatWasSplitIsSplitAgain) {
  std::vector<Outstanding> all{owes(1, 0, 50, 5), owes(2, 50, 150, 10)};
  all[1].shared = true;
  EXPECT_EQ(pick_split(all, helper(1e5))->want, 2U);
}

}  // namespace
}  // namespace shoal::replication
