#include "merkle/tree_math.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <set>

namespace shoal::merkle {
namespace {

/// True when the nodes are adjacent, in order, and begin and end where they should.
bool tiles(const std::vector<NodeId>& nodes, std::uint64_t begin, std::uint64_t end) {
  for (const NodeId& node : nodes) {
    if (node.first_leaf() != begin) return false;
    begin = node.end_leaf();
  }
  return begin == end;
}

/// True when two neighbours are the halves of one perfect subtree: the cover could be shorter.
bool has_mergeable_pair(const std::vector<NodeId>& nodes) {
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    if (nodes[i].level == nodes[i + 1].level && nodes[i].index % 2 == 0) return true;
  }
  return false;
}

TEST(NodeId, KnowsItsLeaves) {
  EXPECT_EQ((NodeId{0, 5}.first_leaf()), 5U);
  EXPECT_EQ((NodeId{0, 5}.end_leaf()), 6U);
  EXPECT_EQ((NodeId{3, 2}.first_leaf()), 16U);
  EXPECT_EQ((NodeId{3, 2}.end_leaf()), 24U);
}

TEST(Cover, KnownCases) {
  EXPECT_EQ(cover(0, 0), (std::vector<NodeId>{}));
  EXPECT_EQ(cover(0, 8), (std::vector<NodeId>{{3, 0}}));
  EXPECT_EQ(cover(0, 7), (std::vector<NodeId>{{2, 0}, {1, 2}, {0, 6}}));
  EXPECT_EQ(cover(1, 8), (std::vector<NodeId>{{0, 1}, {1, 1}, {2, 1}}));
  EXPECT_EQ(cover(3, 13), (std::vector<NodeId>{{0, 3}, {2, 1}, {2, 2}, {0, 12}}));
  EXPECT_EQ(cover(6, 6), (std::vector<NodeId>{}));
}

TEST(Cover, TilesEveryRangeWithTheFewestSubtrees) {
  for (std::uint64_t end = 0; end <= 130; ++end) {
    for (std::uint64_t begin = 0; begin <= end; ++begin) {
      const auto nodes = cover(begin, end);
      ASSERT_TRUE(tiles(nodes, begin, end)) << begin << ".." << end;
      ASSERT_FALSE(has_mergeable_pair(nodes)) << begin << ".." << end;
      ASSERT_LE(nodes.size(), std::max<std::size_t>(1, 2 * static_cast<std::size_t>(std::bit_width(end))));
    }
  }
}

TEST(Cover, RightEdgeHasOneSubtreeForEachBitOfTheSize) {
  EXPECT_TRUE(rc::check([] {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, kMaxTreeSize);
    const auto nodes = cover(0, size);
    RC_ASSERT(tiles(nodes, 0, size));
    std::uint64_t sum = 0;
    for (const NodeId& node : nodes) sum |= std::uint64_t{1} << node.level;
    RC_ASSERT(sum == size);
    RC_ASSERT(nodes.size() == static_cast<std::size_t>(std::popcount(size)));
  }));
}

TEST(Cover, TilesLargeRanges) {
  EXPECT_TRUE(rc::check([] {
    const auto a = *rc::gen::inRange<std::uint64_t>(0, kMaxTreeSize + 1);
    const auto b = *rc::gen::inRange<std::uint64_t>(0, kMaxTreeSize + 1);
    const auto nodes = cover(std::min(a, b), std::max(a, b));
    RC_ASSERT(tiles(nodes, std::min(a, b), std::max(a, b)));
    RC_ASSERT(!has_mergeable_pair(nodes));
    RC_ASSERT(nodes.size() <= 95U);
  }));
  EXPECT_EQ(cover(0, kMaxTreeSize), (std::vector<NodeId>{{48, 0}}));
  EXPECT_EQ(cover(1, kMaxTreeSize - 1).size(), 94U) << "the longest cover there is";
}

TEST(CoverAround, TilesWithTheLeavesItLeavesOut) {
  EXPECT_TRUE(rc::check([] {
    const auto begin = *rc::gen::inRange<std::uint64_t>(0, 200);
    const auto end = begin + *rc::gen::inRange<std::uint64_t>(0, 200);
    std::vector<std::uint64_t> leaves;
    for (std::uint64_t i = begin; i < end; ++i) {
      if (*rc::gen::inRange(0, 4) == 0) leaves.push_back(i);
    }
    const auto nodes = cover_around(begin, end, leaves);
    std::set<std::uint64_t> seen(leaves.begin(), leaves.end());
    for (const NodeId& node : nodes) {
      for (std::uint64_t i = node.first_leaf(); i < node.end_leaf(); ++i) RC_ASSERT(seen.insert(i).second);
    }
    RC_ASSERT(seen.size() == end - begin);
    if (!seen.empty()) RC_ASSERT(*seen.begin() == begin && *seen.rbegin() + 1 == end);
    RC_ASSERT(std::is_sorted(nodes.begin(), nodes.end(),
                             [](const NodeId& a, const NodeId& b) { return a.first_leaf() < b.first_leaf(); }));
  }));
}

TEST(CoverAround, WithoutLeavesIsTheCoverAndWithAllOfThemNothing) {
  EXPECT_EQ(cover_around(3, 13, {}), cover(3, 13));
  EXPECT_EQ(cover_around(3, 6, {3, 4, 5}), (std::vector<NodeId>{}));
}

TEST(CoverDeathTest, WrongRangesAreProgrammerErrors) {
  EXPECT_DEATH((void)cover(2, 1), "internal error");
  EXPECT_DEATH((void)cover(0, kMaxTreeSize + 1), "internal error");
  EXPECT_DEATH((void)cover_around(0, 4, {2, 1}), "internal error");
  EXPECT_DEATH((void)cover_around(0, 4, {1, 1}), "internal error");
  EXPECT_DEATH((void)cover_around(0, 4, {4}), "internal error");
}

}  // namespace
}  // namespace shoal::merkle
