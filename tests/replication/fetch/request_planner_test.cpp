#include "replication/fetch/request_planner.h"

#include <gtest/gtest.h>

namespace shoal::replication {
namespace {

BlockRange range(std::uint64_t begin, std::uint64_t end) { return {BlockIndex{begin}, BlockIndex{end}}; }

struct PeerSets {
  RangeSet held;
  RangeSet lacking;
  RequestPlanner::Offer offer(bool complete, std::uint64_t end) const { return {complete, end, &held, &lacking}; }
};

TEST(RequestPlanner, GivesTheLowestMissingRunOnce) {
  RequestPlanner planner;
  PeerSets peer;
  planner.start(10);
  planner.add_held(20, 30);
  EXPECT_EQ(planner.next(peer.offer(true, 100), 100, 50), range(10, 20));
  planner.assign(range(10, 20));
  EXPECT_EQ(planner.next(peer.offer(true, 100), 100, 50), range(30, 80));
  planner.assign(range(30, 80));
  planner.release(range(10, 20));
  EXPECT_EQ(planner.next(peer.offer(true, 100), 100, 5), range(10, 15));
}

TEST(RequestPlanner, AsksAPeerOnlyForWhatItOffers) {
  RequestPlanner planner;
  PeerSets peer;
  peer.held.add(5, 8);
  peer.held.add(20, 25);
  peer.lacking.add(5, 7);
  EXPECT_EQ(planner.next(peer.offer(false, 0), 100, 50), range(7, 8));
  planner.add_held(7, 8);
  EXPECT_EQ(planner.next(peer.offer(false, 0), 100, 50), range(20, 25));
  planner.assign(range(20, 25));
  EXPECT_FALSE(planner.next(peer.offer(false, 0), 100, 50));
  EXPECT_FALSE(planner.next(peer.offer(true, 0), 100, 50));
}

TEST(RequestPlanner, TheRarestRunComesFirst) {
  RequestPlanner planner;
  PeerSets peer;
  Availability holders;
  holders.add_holder({range(0, 100)});
  holders.add_holder({range(0, 40), range(50, 100)});
  holders.add_holder({range(0, 10), range(60, 100)});
  holders.build();
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 100, 50, holders, 0), range(40, 50));
  planner.assign(range(40, 50));
  // Both [10, 40) and [50, 60) have two holders: the first one at or after the start.
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 100, 50, holders, 45), range(50, 60));
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 100, 5, holders, 5), range(10, 15));
  planner.assign(range(10, 60));
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 100, 50, holders, 70), range(70, 100));
  planner.assign(range(70, 100));
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 100, 50, holders, 70), range(0, 10));
}

TEST(RequestPlanner, OfTheRarestOnlyWhatThePeerOffers) {
  RequestPlanner planner;
  PeerSets peer;
  peer.held.add(0, 30);
  Availability holders;
  holders.add_holder({range(0, 100)});
  holders.add_holder({range(0, 20)});
  holders.build();
  EXPECT_EQ(planner.rarest(peer.offer(false, 0), 100, 50, holders, 0), range(20, 30));
  EXPECT_EQ(planner.rarest(peer.offer(true, 100), 25, 50, holders, 0), range(20, 25));
  EXPECT_FALSE(planner.rarest(peer.offer(false, 0), 0, 50, holders, 0));
}

TEST(RequestPlanner, CountsWhatIsMissing) {
  RequestPlanner planner;
  planner.start(10);
  planner.add_held(0, 20);
  planner.add_held(50, 60);
  EXPECT_EQ(planner.missing(100), 70U);
  EXPECT_EQ(planner.missing(5), 0U);
}

TEST(RequestPlanner, KnowsWhenAllIsHeld) {
  RequestPlanner planner;
  planner.start(3);
  EXPECT_TRUE(planner.complete(3));
  EXPECT_FALSE(planner.complete(4));
  planner.add_held(3, 9);
  EXPECT_TRUE(planner.complete(9));
  EXPECT_FALSE(planner.complete(10));
}

TEST(RequestPlanner, PortionsFollowTheSizeOfBlocks) {
  RequestPlanner planner;
  planner.measured(100, 100 * 1000);
  EXPECT_EQ(planner.portion(1'000'000), 1000U);
  planner.measured(100'000, 100'000ULL * 1'000'000);
  EXPECT_EQ(planner.portion(1'000'000), 1U);  // never less
}

}  // namespace
}  // namespace shoal::replication
