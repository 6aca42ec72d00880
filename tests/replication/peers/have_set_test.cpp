#include "replication/peers/have_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace shoal::replication {
namespace {

TEST(HaveSet, MergesNeighboursAndSplitsOnRemoval) {
  HaveSet set;
  set.add(10, 20);
  set.add(30, 40);
  set.add(20, 30);
  EXPECT_EQ(set.range_count(), 1U);
  set.remove(15, 35);
  EXPECT_EQ(set.ranges(),
            (std::vector<BlockRange>{{BlockIndex{10}, BlockIndex{15}}, {BlockIndex{35}, BlockIndex{40}}}));
  EXPECT_EQ(set.first_gap(10, 50), (BlockRange{BlockIndex{15}, BlockIndex{35}}));
  EXPECT_EQ(set.first_run(12, 50), (BlockRange{BlockIndex{12}, BlockIndex{15}}));
  EXPECT_FALSE(set.first_run(15, 35));
}

RC_GTEST_PROP(HaveSet, BehavesLikeASetOfNumbers, ()) {
  HaveSet ours;
  std::set<std::uint64_t> model;
  const auto steps = *rc::gen::container<std::vector<std::tuple<bool, std::uint64_t, std::uint64_t>>>(rc::gen::tuple(
      rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint64_t>(0, 60), rc::gen::inRange<std::uint64_t>(0, 60)));
  for (const auto& [adds, a, b] : steps) {
    adds ? ours.add(a, b) : ours.remove(a, b);
    for (std::uint64_t i = a; i < b; ++i) adds ? void(model.insert(i)) : void(model.erase(i));
  }
  RC_ASSERT(ours.count() == model.size());
  for (std::uint64_t i = 0; i < 64; ++i) {
    RC_ASSERT(ours.contains(i) == (model.count(i) > 0));
    std::uint64_t missing = i;
    while (model.count(missing) > 0) ++missing;
    RC_ASSERT(ours.first_missing(i) == missing);
    const auto run = ours.first_run(i, 64);
    const auto next = model.lower_bound(i);
    RC_ASSERT(run.has_value() == (next != model.end()));
    if (run) RC_ASSERT(run->begin.value() == *next);
  }
}

}  // namespace
}  // namespace shoal::replication
