#include "merkle/right_edge.h"

#include "merkle/reference_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

namespace shoal::merkle {
namespace {

using testing::kSizes;
using testing::ReferenceTree;

TEST(RightEdge, GrowsLikeTheWholeTree) {
  const ReferenceTree tree(kSizes);
  RightEdge edge;
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    ASSERT_EQ(edge.size(), size);
    ASSERT_EQ(edge.root(), tree.root(size)) << size;
    std::vector<Digest> expected;
    for (const NodeId& node : cover(0, size)) expected.push_back(tree.hash(node));
    ASSERT_EQ(edge.hashes(), expected) << size;
    if (size < kSizes) edge.append_leaf(tree.leaf(size));
  }
}

TEST(RightEdge, ReportsEachCompletedSubtreeOnce) {
  const ReferenceTree tree(kSizes);
  RightEdge edge;
  std::map<NodeId, Digest> seen;
  for (std::uint64_t i = 0; i < kSizes; ++i) {
    std::vector<RightEdge::Completed> completed;
    edge.append_leaf(tree.leaf(i), &completed);
    for (const auto& [node, hash] : completed) {
      EXPECT_EQ(node.end_leaf(), i + 1) << "it ends with the new leaf";
      EXPECT_EQ(hash, tree.hash(node));
      EXPECT_TRUE(seen.emplace(node, hash).second);
    }
  }
  std::size_t expected = 0;
  for (std::uint32_t level = 1; kSizes >> level > 0; ++level) expected += kSizes >> level;
  EXPECT_EQ(seen.size(), expected) << "all perfect subtrees above the leaves";
}

TEST(RightEdge, GrowsBySubtreesLikeByLeaves) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t base = 0; base <= kSizes; ++base) {
    for (std::uint64_t size = base; size <= kSizes; ++size) {
      RightEdge edge = tree.edge(base);
      for (const NodeId& node : cover(base, size)) {
        std::vector<RightEdge::Completed> completed;
        ASSERT_TRUE(edge.append_subtree(node, tree.hash(node), &completed));
        for (const auto& [above, hash] : completed) {
          ASSERT_GT(above.level, node.level);
          ASSERT_EQ(hash, tree.hash(above));
        }
      }
      ASSERT_EQ(edge, tree.edge(size)) << base << ".." << size;
    }
  }
}

TEST(RightEdge, RefusesAMisplacedSubtreeAndStaysAsItWas) {
  const ReferenceTree tree(64);
  for (std::uint64_t size = 0; size <= 40; ++size) {
    RightEdge edge = tree.edge(size);
    const RightEdge before = edge;
    for (std::uint32_t level = 0; level <= 6; ++level) {
      for (std::uint64_t index = 0; index <= std::uint64_t{64} >> level; ++index) {
        const NodeId node{level, index};
        if (node.first_leaf() == size) continue;
        ASSERT_FALSE(edge.append_subtree(node, Digest{}));
        ASSERT_EQ(edge, before);
      }
    }
  }
}

TEST(RightEdge, RefusesNodesOutsideTheFormat) {
  RightEdge edge;
  EXPECT_FALSE(edge.append_subtree({48, 0}, Digest{})) << "2^48 leaves are one too many";
  EXPECT_FALSE(edge.append_subtree({64, 0}, Digest{}));
  EXPECT_FALSE(edge.append_subtree({0xFFFFFFFF, 0}, Digest{}));
  EXPECT_FALSE(edge.append_subtree({47, std::uint64_t{1} << 17}, Digest{})) << "the shifted index wraps to 0";
  EXPECT_FALSE(edge.append_subtree({0, kMaxTreeSize}, Digest{}));
  EXPECT_EQ(edge, RightEdge{});
  EXPECT_TRUE(edge.append_subtree({47, 0}, Digest{}));
  EXPECT_FALSE(edge.append_subtree({47, 1}, Digest{}));
}

TEST(RightEdge, FromHashesIsTheSameEdge) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    const RightEdge edge = tree.edge(size);
    const auto again = RightEdge::from_hashes(size, edge.hashes());
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(*again, edge);
    std::vector<Digest> longer = edge.hashes();
    longer.emplace_back();
    EXPECT_EQ(RightEdge::from_hashes(size, longer).error().code, Code::invalid_argument);
    if (size == 0) continue;
    std::vector<Digest> shorter = edge.hashes();
    shorter.pop_back();
    EXPECT_EQ(RightEdge::from_hashes(size, shorter).error().code, Code::invalid_argument);
  }
}

TEST(RightEdge, LargestTree) {
  EXPECT_EQ(RightEdge::from_hashes(kMaxTreeSize, {Digest{}}).error().code, Code::invalid_argument);
  auto edge = RightEdge::from_hashes(kMaxTreeSize - 1, std::vector<Digest>(48));
  ASSERT_TRUE(edge.ok());
  EXPECT_FALSE(edge->append_subtree({0, kMaxTreeSize - 1}, Digest{}));
}

TEST(RightEdgeDeathTest, GrowingPastTheFormatIsAProgrammerError) {
  auto edge = RightEdge::from_hashes(kMaxTreeSize - 1, std::vector<Digest>(48));
  EXPECT_DEATH(edge->append_leaf(Digest{}), "internal error");
}

TEST(RightEdge, HugeTreesGrowToo) {
  const testing::UniformTree tree;
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, kMaxTreeSize - 300);
    RightEdge edge = tree.edge(size);
    for (int i = 0; i < 260; ++i) edge.append_leaf(tree.leaf());
    RC_ASSERT(edge == tree.edge(size + 260));
  }));
}

}  // namespace
}  // namespace shoal::merkle
