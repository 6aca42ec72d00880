#include "replication/fetch/availability.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace shoal::replication {
namespace {

BlockRange range(std::uint64_t begin, std::uint64_t end) { return {BlockIndex{begin}, BlockIndex{end}}; }

TEST(Availability, NobodyHoldsAnythingAtFirst) {
  Availability holders;
  holders.build();
  EXPECT_EQ(holders.at(0).holders, 0U);
  EXPECT_EQ(holders.at(1'000'000).holders, 0U);
}

TEST(Availability, RunsEndWhereTheCountChanges) {
  Availability holders;
  holders.add_holder({range(0, 100)});
  holders.add_holder({range(10, 20), range(50, 60)});
  holders.build();
  EXPECT_EQ(holders.at(0).holders, 1U);
  EXPECT_EQ(holders.at(5).end, 10U);
  EXPECT_EQ(holders.at(10).holders, 2U);
  EXPECT_EQ(holders.at(10).end, 20U);
  EXPECT_EQ(holders.at(59).holders, 2U);
  EXPECT_EQ(holders.at(100).holders, 0U);
}

RC_GTEST_PROP(Availability, AgreesWithCountingEachBlock, ()) {
  Availability holders;
  std::vector<std::uint32_t> counts(64, 0);
  const auto peers = *rc::gen::inRange(0, 6);
  for (int peer = 0; peer < peers; ++peer) {
    RangeSet held;
    for (const auto begin : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60))) {
      held.add(static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(begin + *rc::gen::inRange(1, 5)));
    }
    holders.add_holder(held.runs());
    for (std::uint64_t block = 0; block < counts.size(); ++block) counts[block] += held.contains(block) ? 1U : 0U;
  }
  holders.build();
  for (std::uint64_t block = 0; block < counts.size(); ++block) {
    const Availability::Run run = holders.at(block);
    RC_ASSERT(run.holders == counts[block]);
    RC_ASSERT(run.end > block);
    for (std::uint64_t i = block; i < std::min<std::uint64_t>(run.end, counts.size()); ++i) {
      RC_ASSERT(counts[i] == counts[block]);
    }
  }
}

}  // namespace
}  // namespace shoal::replication
