#include "merkle/tree_hash.h"

#include "merkle/reference_tree.h"

#include <gtest/gtest.h>

namespace shoal::merkle {
namespace {

TEST(TreeHash, PrefixesSeparateLeavesFromNodes) {
  const Digest left = leaf_hash(Bytes{1});
  const Digest right = leaf_hash(Bytes{2});
  Bytes joined(left.bytes.begin(), left.bytes.end());
  joined.insert(joined.end(), right.bytes.begin(), right.bytes.end());

  Bytes prefixed = {1};
  prefixed.insert(prefixed.end(), joined.begin(), joined.end());
  EXPECT_EQ(node_hash(left, right), crypto::sha256(prefixed));
  prefixed[0] = 0;
  EXPECT_EQ(leaf_hash(joined), crypto::sha256(prefixed));
  EXPECT_NE(leaf_hash(joined), node_hash(left, right)) << "a leaf cannot pose as a node";
  EXPECT_NE(node_hash(left, right), node_hash(right, left));
}

TEST(TreeHash, EmptyRootIsTheHashOfNothing) {
  EXPECT_EQ(empty_root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(tree_root({}), empty_root());
}

TEST(TreeRoot, IsThatOfTheRecursiveDefinition) {
  const testing::ReferenceTree tree(testing::kSizes);
  for (std::uint64_t size = 0; size <= testing::kSizes; ++size) {
    EXPECT_EQ(tree_root(tree.leaves(0, size)), tree.root(size)) << size;
  }
}

}  // namespace
}  // namespace shoal::merkle
