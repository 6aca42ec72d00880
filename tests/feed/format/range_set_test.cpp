#include "feed/format/range_set.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace shoal::feed {
namespace {

using Model = std::set<std::uint64_t>;

constexpr std::uint64_t kLimit = 64;  // above every block of the random sets

BlockRange range(std::uint64_t begin, std::uint64_t end) { return {BlockIndex{begin}, BlockIndex{end}}; }

/// The first run in [begin, end) whose blocks are all in the model (or all not in it), found block by block.
std::optional<BlockRange> expected_run(const Model& model, bool inside, std::uint64_t begin, std::uint64_t end) {
  while (begin < end && model.contains(begin) != inside) ++begin;
  if (begin >= end) return std::nullopt;
  std::uint64_t to = begin;
  while (to < end && model.contains(to) == inside) ++to;
  return range(begin, to);
}

void compare(const RangeSet& ranges, const Model& model) {
  RC_ASSERT(ranges.count() == model.size());
  RC_ASSERT(ranges.empty() == model.empty());
  RC_ASSERT(ranges.bound() == (model.empty() ? 0 : *model.rbegin() + 1));
  for (std::uint64_t from = 0; from < kLimit; ++from) {
    RC_ASSERT(ranges.contains(from) == model.contains(from));
    std::uint64_t missing = from;
    while (model.contains(missing)) ++missing;
    RC_ASSERT(ranges.first_missing(from) == missing);
    for (std::uint64_t to = 0; to < kLimit; ++to) {
      const auto gap = expected_run(model, false, from, to);
      RC_ASSERT(ranges.contains(from, to) == !gap);
      RC_ASSERT(ranges.first_gap(from, to) == gap);
      RC_ASSERT(ranges.first_run(from, to) == expected_run(model, true, from, to));
      std::vector<BlockRange> runs;
      for (auto run = expected_run(model, true, from, to); run; run = expected_run(model, true, run->end.value(), to)) {
        runs.push_back(*run);
      }
      RC_ASSERT(ranges.runs(from, to) == runs);  // neighbours are merged
    }
  }
}

TEST(RangeSet, BehavesLikeASetOfBlocks) {
  EXPECT_TRUE(rc::check("against std::set", [] {
    RangeSet ranges;
    Model model;
    const auto steps = *rc::gen::container<std::vector<std::tuple<bool, std::uint64_t, std::uint64_t>>>(rc::gen::tuple(
        rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint64_t>(0, 60), rc::gen::inRange<std::uint64_t>(0, 60)));
    for (const auto& [adds, from, to] : steps) {
      adds ? ranges.add(from, to) : ranges.remove(from, to);  // backwards: nothing
      for (std::uint64_t i = from; i < to; ++i) adds ? void(model.insert(i)) : void(model.erase(i));
    }
    compare(ranges, model);
  }));
}

TEST(RangeSet, BehavesLikeASetOfBlocksAfterShortSteps) {
  EXPECT_TRUE(rc::check("against std::set", [] {
    RangeSet ranges;
    Model model;
    const auto steps = *rc::gen::container<std::vector<std::tuple<bool, std::uint64_t, std::uint64_t>>>(rc::gen::tuple(
        rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint64_t>(0, 50), rc::gen::inRange<std::uint64_t>(0, 12)));
    for (const auto& [adds, from, length] : steps) {
      adds ? ranges.add(range(from, from + length)) : ranges.remove(range(from, from + length));
      for (std::uint64_t i = from; i < from + length; ++i) adds ? void(model.insert(i)) : void(model.erase(i));
    }
    compare(ranges, model);
  }));
}

TEST(RangeSet, MergesNeighboursAndSplitsOnRemoval) {
  RangeSet set;
  set.add(10, 20);
  set.add(30, 40);
  set.add(20, 30);
  EXPECT_EQ(set.runs(), (std::vector<BlockRange>{range(10, 40)}));
  set.remove(15, 35);
  EXPECT_EQ(set.runs(), (std::vector<BlockRange>{range(10, 15), range(35, 40)}));
  EXPECT_EQ(set.first_gap(10, 50), range(15, 35));
  EXPECT_EQ(set.first_run(12, 50), range(12, 15));
  EXPECT_FALSE(set.first_run(15, 35));
  set.add(14);
  set.add(15);
  EXPECT_EQ(set.runs(), (std::vector<BlockRange>{range(10, 16), range(35, 40)}));
}

TEST(RangeSet, IsEmptyAfterClear) {
  RangeSet set;
  set.add(3, 9);
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.count(), 0U);
  EXPECT_EQ(set.bound(), 0U);
  EXPECT_FALSE(set.contains(3));
}

}  // namespace
}  // namespace shoal::feed
