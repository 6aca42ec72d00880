#include "merkle/subtree_cover.h"

#include "merkle/reference_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

namespace shoal::merkle {
namespace {

using testing::kSizes;
using testing::ReferenceTree;

std::vector<Leaf> leaves_at(const ReferenceTree& tree, const std::vector<std::uint64_t>& positions) {
  std::vector<Leaf> leaves;
  for (std::uint64_t position : positions) leaves.push_back({position, tree.leaf(position)});
  return leaves;
}

std::vector<std::uint64_t> all_between(std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = begin; i < end; ++i) positions.push_back(i);
  return positions;
}

/// Any subset of [begin, end), from few to nearly all.
std::vector<std::uint64_t> any_subset(std::uint64_t begin, std::uint64_t end) {
  const int of_ten = *rc::gen::inRange(0, 11);
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = begin; i < end; ++i) {
    if (*rc::gen::inRange(0, 10) < of_ten) positions.push_back(i);
  }
  return positions;
}

/// Everything a cover promises: it verifies, gives the edge at `size`, and teaches only true hashes, each once.
::testing::AssertionResult cover_holds(const ReferenceTree& tree, std::uint64_t base, std::uint64_t size,
                                       const std::vector<std::uint64_t>& positions) {
  const auto hashes = build_cover(tree, base, size, positions);
  if (!hashes) return ::testing::AssertionFailure() << "not built: " << hashes.error().message;
  const std::vector<NodeId> own = cover_around(base, size, positions);
  if (hashes->size() != own.size()) return ::testing::AssertionFailure() << "wrong number of hashes";
  const auto result = verify_cover(tree.edge(base), size, tree.root(size), leaves_at(tree, positions), *hashes);
  if (!result) return ::testing::AssertionFailure() << "not verified: " << result.error().message;
  if (result->edge != tree.edge(size)) return ::testing::AssertionFailure() << "wrong edge";

  std::set<NodeId> taught;
  for (const auto& [node, hash] : result->verified) {
    if (node.end_leaf() > size || node.end_leaf() <= base) return ::testing::AssertionFailure() << "node outside";
    if (hash != tree.hash(node)) return ::testing::AssertionFailure() << "wrong hash taught";
    if (!taught.insert(node).second) return ::testing::AssertionFailure() << "a node taught twice";
  }
  for (const NodeId& node : own) {
    if (taught.count(node) == 0) return ::testing::AssertionFailure() << "a node of the cover is missing";
  }
  return ::testing::AssertionSuccess();
}

TEST(SubtreeCover, EveryBaseAndSizeWithoutLeaves) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    for (std::uint64_t base = 0; base <= size; ++base) {
      ASSERT_TRUE(cover_holds(tree, base, size, {})) << base << ".." << size;
    }
  }
}

TEST(SubtreeCover, EveryBaseAndSizeWithAllLeaves) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    for (std::uint64_t base = 0; base <= size; ++base) {
      ASSERT_TRUE(cover_holds(tree, base, size, all_between(base, size))) << base << ".." << size;
      ASSERT_TRUE(build_cover(tree, base, size, all_between(base, size)).value().empty());
    }
  }
}

TEST(SubtreeCover, EverySingleLeafOfEverySize) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    for (std::uint64_t leaf = 0; leaf < size; ++leaf) ASSERT_TRUE(cover_holds(tree, 0, size, {leaf}));
  }
}

TEST(SubtreeCover, EverySubsetOfSmallTrees) {
  const ReferenceTree tree(9);
  for (std::uint64_t size = 0; size <= 9; ++size) {
    for (std::uint64_t base = 0; base <= size; ++base) {
      for (std::uint64_t bits = 0; bits < std::uint64_t{1} << (size - base); ++bits) {
        std::vector<std::uint64_t> positions;
        for (std::uint64_t i = 0; i < size - base; ++i) {
          if ((bits >> i & 1) != 0) positions.push_back(base + i);
        }
        ASSERT_TRUE(cover_holds(tree, base, size, positions)) << base << ".." << size << " subset " << bits;
      }
    }
  }
}

TEST(SubtreeCover, AnySubsetOfAnyGrowth) {
  const ReferenceTree tree(kSizes);
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, kSizes + 1);
    const auto base = *rc::gen::inRange<std::uint64_t>(0, size + 1);
    RC_ASSERT(static_cast<bool>(cover_holds(tree, base, size, any_subset(base, size))));
  }));
}

// What replication does: a reader follows a feed by growths of any size, proving each against the next signed root.
TEST(SubtreeCover, ChainOfGrowthsEndsAtTheWholeTree) {
  const ReferenceTree tree(kSizes);
  EXPECT_TRUE(rc::check([&](const std::vector<std::uint8_t>& steps) {
    RightEdge edge;
    for (std::size_t i = 0; i <= steps.size(); ++i) {
      const std::uint64_t size = i == steps.size() ? kSizes : std::min(kSizes, edge.size() + steps[i] % 40);
      const auto positions = any_subset(edge.size(), size);
      const auto hashes = build_cover(tree, edge.size(), size, positions);
      auto result = verify_cover(edge, size, tree.root(size), leaves_at(tree, positions), *hashes);
      RC_ASSERT(result.ok());
      edge = result->edge;
    }
    RC_ASSERT(edge.root() == tree.root(kSizes));
  }));
}

TEST(SubtreeCover, HugeTreesNeedFewHashes) {
  const testing::UniformTree tree;
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::inRange<std::uint64_t>(1, kMaxTreeSize);
    const auto leaf = *rc::gen::inRange<std::uint64_t>(0, size);
    const auto base = *rc::gen::inRange<std::uint64_t>(0, leaf + 1);
    const auto hashes = build_cover(tree, base, size, {leaf});
    RC_ASSERT(hashes.ok());
    RC_ASSERT(hashes->size() <= 2U * 48 + 48);
    const auto result = verify_cover(tree.edge(base), size, tree.edge(size).root(), {{leaf, tree.leaf()}}, *hashes);
    RC_ASSERT(result.ok());
    RC_ASSERT(result->edge == tree.edge(size));
  }));
}

TEST(SubtreeCover, BuilderRefusesImpossibleRequests) {
  const ReferenceTree tree(8);
  using Positions = std::vector<std::uint64_t>;
  const auto code = [&](std::uint64_t base, std::uint64_t size, const Positions& positions) {
    return build_cover(tree, base, size, positions).error().code;
  };
  EXPECT_EQ(code(5, 4, {}), Code::invalid_argument);
  EXPECT_EQ(code(0, kMaxTreeSize, {}), Code::invalid_argument);
  EXPECT_EQ(code(0, 8, Positions{8}), Code::invalid_argument);
  EXPECT_EQ(code(4, 8, Positions{3}), Code::invalid_argument);
  EXPECT_EQ(code(0, 8, Positions{5, 4}), Code::invalid_argument);
  EXPECT_EQ(code(0, 8, Positions{5, 5}), Code::invalid_argument);
  EXPECT_EQ(code(0, 8, Positions{~std::uint64_t{0}}), Code::invalid_argument);
  EXPECT_EQ(code(0, 9, {}), Code::not_found) << "the reader's error comes through";
  EXPECT_EQ(build_cover(testing::FailingReader(), 0, 8, {}).error().code, Code::corrupt);
  EXPECT_TRUE(build_cover(testing::FailingReader(), 8, 8, {}).ok()) << "nothing to read";
}

}  // namespace
}  // namespace shoal::merkle
