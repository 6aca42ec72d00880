#include "merkle/inclusion_proof.h"

#include "merkle/reference_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

namespace shoal::merkle {
namespace {

using testing::kSizes;
using testing::ReferenceTree;
using testing::refused;

TEST(InclusionProof, EveryLeafOfEverySize) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const Digest root = tree.root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto path = prove_inclusion(tree, index, size);
      ASSERT_TRUE(path.ok());
      ASSERT_EQ(*path, tree.path(index, 0, size)) << index << " in " << size;
      ASSERT_TRUE(verify_inclusion(tree.leaf(index), index, size, *path, root).ok()) << index << " in " << size;
    }
  }
}

TEST(InclusionProof, EveryWrongPositionIsRefused) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const Digest root = tree.root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto path = prove_inclusion(tree, index, size).value();
      for (std::uint64_t wrong = 0; wrong < size + 2; ++wrong) {
        if (wrong == index) continue;
        ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), wrong, size, path, root))) << index << " as " << wrong;
      }
    }
  }
}

TEST(InclusionProof, EveryDamagedPathIsRefused) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const Digest root = tree.root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto path = prove_inclusion(tree, index, size).value();
      testing::for_each_damage(path, size <= 13, [&](const std::vector<Digest>& damaged) {
        ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), index, size, damaged, root))) << index << " in " << size;
      });
    }
  }
}

TEST(InclusionProof, EveryFlippedBitOfLeafAndRootIsRefused) {
  const ReferenceTree tree(13);
  const Digest root = tree.root(13);
  for (std::uint64_t index = 0; index < 13; ++index) {
    const auto path = prove_inclusion(tree, index, 13).value();
    for (std::size_t bit = 0; bit < 256; ++bit) {
      ASSERT_TRUE(refused(verify_inclusion(testing::with_flipped_bit(tree.leaf(index), bit), index, 13, path, root)));
      ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), index, 13, path, testing::with_flipped_bit(root, bit))));
    }
  }
}

// Paths of another length fit no tree of that size, whatever root is claimed.
TEST(InclusionProof, APathOfWrongLengthIsRefusedEvenIfItLeadsToTheRoot) {
  const ReferenceTree tree(kSizes);
  const Digest extra = leaf_hash(Bytes{1});
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      auto path = prove_inclusion(tree, index, size).value();
      ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), index, 4 * size, path, tree.root(size)))) << "too short";
      path.push_back(extra);
      const Digest left = node_hash(extra, tree.root(size));
      const Digest right = node_hash(tree.root(size), extra);
      ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), index, size, path, left))) << "too long";
      ASSERT_TRUE(refused(verify_inclusion(tree.leaf(index), index, size, path, right))) << "too long";
    }
  }
}

TEST(InclusionProof, HugeTrees) {
  const testing::UniformTree tree;
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::inRange<std::uint64_t>(1, kMaxTreeSize);
    const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
    const auto path = prove_inclusion(tree, index, size);
    RC_ASSERT(path.ok());
    RC_ASSERT(path->size() <= 48U);
    RC_ASSERT(verify_inclusion(tree.leaf(), index, size, *path, tree.edge(size).root()).ok());
    RC_ASSERT(refused(verify_inclusion(tree.leaf(), index, size, *path, tree.edge(size - 1).root())));
  }));
}

TEST(InclusionProof, VerifierTakesAnyNumbers) {
  EXPECT_TRUE(rc::check([](std::uint64_t index, std::uint64_t size, std::uint8_t length) {
    const std::vector<Digest> path(length, Digest{});
    RC_ASSERT(refused(verify_inclusion(Digest{}, index, size, path, empty_root())));
  }));
  const auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(refused(verify_inclusion(Digest{}, most, most, {}, Digest{})));
  EXPECT_TRUE(refused(verify_inclusion(Digest{}, most - 1, most, std::vector<Digest>(200), Digest{})));
  EXPECT_TRUE(refused(verify_inclusion(Digest{}, 0, 0, {}, Digest{})));
}

TEST(InclusionProof, ProverRefusesWhatIsNotInTheTree) {
  const ReferenceTree tree(8);
  EXPECT_EQ(prove_inclusion(tree, 0, 0).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_inclusion(tree, 8, 8).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_inclusion(tree, 0, kMaxTreeSize).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_inclusion(tree, 0, 9).error().code, Code::not_found) << "the reader's error comes through";
  EXPECT_EQ(prove_inclusion(testing::FailingReader(), 0, 8).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::merkle
