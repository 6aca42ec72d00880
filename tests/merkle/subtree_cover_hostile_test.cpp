#include "merkle/reference_tree.h"
#include "merkle/subtree_cover.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <utility>

// A peer that lies in each part of a cover in turn: everything but the honest one is refused.
namespace shoal::merkle {
namespace {

using testing::ReferenceTree;

struct Case {
  std::uint64_t base;
  std::uint64_t size;
  std::vector<std::uint64_t> positions;
};

const std::vector<Case> kCases = {
    {0, 1, {}},        {0, 1, {0}},     {0, 2, {1}},   {0, 7, {2, 5}},      {0, 8, {3}},
    {0, 13, {0, 12}},  {3, 13, {4, 5}}, {8, 13, {8}},  {7, 8, {7}},         {12, 13, {}},
    {1, 64, {31, 32}}, {0, 100, {50}},  {99, 100, {}}, {64, 100, {64, 99}}, {5, 20, {5, 6, 7, 8, 9}},
};

class HostileCover : public ::testing::TestWithParam<Case> {
 protected:
  HostileCover() : tree_(100) {
    for (std::uint64_t position : GetParam().positions) leaves_.push_back({position, tree_.leaf(position)});
    hashes_ = build_cover(tree_, GetParam().base, size(), GetParam().positions).value();
  }

  [[nodiscard]] std::uint64_t size() const { return GetParam().size; }
  [[nodiscard]] RightEdge edge() const { return tree_.edge(GetParam().base); }
  [[nodiscard]] Digest root() const { return tree_.root(size()); }

  [[nodiscard]] bool is_refused(const RightEdge& from, std::uint64_t to, const Digest& root,
                                const std::vector<Leaf>& leaves, const std::vector<Digest>& hashes) const {
    const auto result = verify_cover(from, to, root, leaves, hashes);
    return !result.ok() && result.error().code == Code::unverified;
  }

  ReferenceTree tree_;
  std::vector<Leaf> leaves_;
  std::vector<Digest> hashes_;
};

TEST_P(HostileCover, TheHonestOneIsAccepted) {
  EXPECT_TRUE(verify_cover(edge(), size(), root(), leaves_, hashes_).ok());
}

TEST_P(HostileCover, EveryBitOfEveryHashCounts) {
  testing::for_each_damage(hashes_, true, [&](const std::vector<Digest>& damaged) {
    ASSERT_TRUE(is_refused(edge(), size(), root(), leaves_, damaged));
  });
}

TEST_P(HostileCover, EveryBitOfEveryLeafCounts) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    for (std::size_t bit = 0; bit < 256; ++bit) {
      std::vector<Leaf> changed = leaves_;
      changed[i].hash = testing::with_flipped_bit(changed[i].hash, bit);
      ASSERT_TRUE(is_refused(edge(), size(), root(), changed, hashes_));
    }
  }
}

TEST_P(HostileCover, EveryBitOfTheRootCounts) {
  for (std::size_t bit = 0; bit < 256; ++bit) {
    ASSERT_TRUE(is_refused(edge(), size(), testing::with_flipped_bit(root(), bit), leaves_, hashes_));
  }
}

TEST_P(HostileCover, EveryBitOfTheReadersEdgeCounts) {
  const std::vector<Digest> held = edge().hashes();
  for (std::size_t i = 0; i < held.size(); ++i) {
    std::vector<Digest> changed = held;
    changed[i] = testing::with_flipped_bit(changed[i], 5 * i);
    const RightEdge other = RightEdge::from_hashes(GetParam().base, changed).value();
    ASSERT_TRUE(is_refused(other, size(), root(), leaves_, hashes_)) << "a fork below the base is noticed";
  }
}

TEST_P(HostileCover, AMissingMovedOrAddedLeafIsRefused) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    std::vector<Leaf> missing = leaves_;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(is_refused(edge(), size(), root(), missing, hashes_));
    for (std::uint64_t position = 0; position < size() + 3; ++position) {
      if (position == leaves_[i].index) continue;
      std::vector<Leaf> moved = leaves_;
      moved[i].index = position;
      EXPECT_TRUE(is_refused(edge(), size(), root(), moved, hashes_)) << leaves_[i].index << " as " << position;
    }
    std::vector<Leaf> doubled = leaves_;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), leaves_[i]);
    EXPECT_TRUE(is_refused(edge(), size(), root(), doubled, hashes_));
  }
  for (std::uint64_t position : {std::uint64_t{0}, size(), kMaxTreeSize, ~std::uint64_t{0}}) {
    std::vector<Leaf> longer = leaves_;
    longer.push_back({position, Digest{}});
    EXPECT_TRUE(is_refused(edge(), size(), root(), longer, hashes_)) << position;
  }
}

TEST_P(HostileCover, LeavesOutOfOrderAreRefused) {
  for (std::size_t i = 0; i + 1 < leaves_.size(); ++i) {
    std::vector<Leaf> swapped = leaves_;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_TRUE(is_refused(edge(), size(), root(), swapped, hashes_));
  }
}

TEST_P(HostileCover, TheHeadOfAnotherSizeIsRefused) {
  for (std::uint64_t other = 0; other <= 100; ++other) {
    if (other == size()) continue;
    ASSERT_TRUE(is_refused(edge(), other, tree_.root(other), leaves_, hashes_)) << other;
  }
}

TEST_P(HostileCover, ImpossibleSizesAreRefused) {
  for (const std::uint64_t other : {kMaxTreeSize, kMaxTreeSize + 1, ~std::uint64_t{0}}) {
    EXPECT_TRUE(is_refused(edge(), other, root(), leaves_, hashes_)) << other;
  }
  for (std::uint64_t other = 0; other < GetParam().base; ++other) {
    EXPECT_TRUE(is_refused(edge(), other, root(), {}, {})) << "the reader is already past " << other;
  }
}

TEST_P(HostileCover, TheCoverOfAnotherTreeIsRefused) {
  const ReferenceTree other(100, "other ");
  const auto hashes = build_cover(other, GetParam().base, size(), GetParam().positions).value();
  if (!hashes.empty()) {
    EXPECT_TRUE(is_refused(edge(), size(), root(), leaves_, hashes));
  }
  EXPECT_TRUE(is_refused(edge(), size(), other.root(size()), leaves_, hashes_));
}

INSTANTIATE_TEST_SUITE_P(Covers, HostileCover, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& param_info) {
                           return "From" + std::to_string(param_info.param.base) + "To" +
                                  std::to_string(param_info.param.size) + "With" +
                                  std::to_string(param_info.param.positions.size()) + "Leaves";
                         });

// Why size and root must come from one signature: a last hash may stand for one leaf or for more.
TEST(SubtreeCoverHostile, TheRootAloneDoesNotFixTheSize) {
  const ReferenceTree tree(8);
  const auto hashes = build_cover(tree, 0, 7, {}).value();
  EXPECT_TRUE(verify_cover({}, 7, tree.root(7), {}, hashes).ok());
  EXPECT_FALSE(verify_cover({}, 8, tree.root(7), {}, hashes).ok()) << "one perfect subtree, not three";
  EXPECT_TRUE(verify_cover(tree.edge(6), 8, tree.root(7), {}, {tree.leaf(6)}).ok());
}

TEST(SubtreeCoverHostile, AnyBytesAtAllAreRefusedOrTrue) {
  const ReferenceTree tree(60);
  EXPECT_TRUE(rc::check(
      [&](std::uint64_t size, const std::vector<std::pair<std::uint64_t, std::uint8_t>>& given, std::uint8_t count) {
        std::vector<Leaf> leaves;
        for (const auto& [index, byte] : given) leaves.push_back({index, leaf_hash(Bytes{byte})});
        const auto result = verify_cover(tree.edge(30), size, tree.root(60), leaves, std::vector<Digest>(count));
        RC_ASSERT(!result.ok());
        RC_ASSERT(result.error().code == Code::unverified);
      }));
}

}  // namespace
}  // namespace shoal::merkle
