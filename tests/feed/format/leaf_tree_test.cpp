#include "feed/format/leaf_tree.h"

#include "feed/sample_feed.h"

namespace shoal::feed {
namespace {

merkle::Digest leaf(std::uint8_t content) { return merkle::leaf_hash(Bytes{content}); }

TEST(LeafTree, HasTheRootOfItsLeavesWhileItGrowsAndChanges) {
  LeafTree tree;
  std::vector<merkle::Digest> leaves;
  EXPECT_EQ(tree.root(), merkle::empty_root());
  for (std::uint8_t i = 0; i < 70; ++i) {
    tree.append(leaf(i));
    leaves.push_back(leaf(i));
    ASSERT_EQ(tree.root(), merkle::tree_root(leaves)) << int{i};
    const std::size_t changed = i * 7U % leaves.size();
    leaves[changed] = leaf(static_cast<std::uint8_t>(i + 100));
    tree.set(changed, leaves[changed]);
    ASSERT_EQ(tree.root(), merkle::tree_root(leaves)) << int{i};
  }
}

TEST(LeafTree, HoldsPerfectSubtreesOnly) {
  LeafTree tree;
  for (std::uint8_t i = 0; i < 5; ++i) tree.append(leaf(i));
  EXPECT_TRUE(tree.read({{2, 0}, {0, 4}}).ok());
  const auto missing = tree.read({{1, 2}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_FALSE(tree.read({{3, 0}}).ok());
}

}  // namespace
}  // namespace shoal::feed
