#include "merkle/consistency_proof.h"

#include "merkle/reference_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>

namespace shoal::merkle {
namespace {

using testing::kSizes;
using testing::ReferenceTree;
using testing::refused;

TEST(ConsistencyProof, EveryPairOfSizes) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t second = 1; second <= kSizes; ++second) {
    for (std::uint64_t first = 1; first <= second; ++first) {
      const auto proof = prove_consistency(tree, first, second);
      ASSERT_TRUE(proof.ok());
      ASSERT_EQ(*proof, tree.subproof(first, 0, second, true)) << first << " of " << second;
      ASSERT_TRUE(verify_consistency(first, tree.root(first), second, tree.root(second), *proof).ok())
          << first << " of " << second;
    }
  }
}

TEST(ConsistencyProof, EveryDamagedProofIsRefused) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t second = 1; second <= kSizes; ++second) {
    for (std::uint64_t first = 1; first <= second; ++first) {
      const auto proof = prove_consistency(tree, first, second).value();
      testing::for_each_damage(proof, second <= 11, [&](const std::vector<Digest>& damaged) {
        ASSERT_TRUE(refused(verify_consistency(first, tree.root(first), second, tree.root(second), damaged)))
            << first << " of " << second;
      });
    }
  }
}

TEST(ConsistencyProof, EveryFlippedBitOfTheRootsIsRefused) {
  const ReferenceTree tree(13);
  for (std::uint64_t first = 1; first <= 13; ++first) {
    const auto proof = prove_consistency(tree, first, 13).value();
    for (std::size_t bit = 0; bit < 256; ++bit) {
      const Digest wrong_first = testing::with_flipped_bit(tree.root(first), bit);
      const Digest wrong_second = testing::with_flipped_bit(tree.root(13), bit);
      ASSERT_TRUE(refused(verify_consistency(first, wrong_first, 13, tree.root(13), proof)));
      ASSERT_TRUE(refused(verify_consistency(first, tree.root(first), 13, wrong_second, proof)));
    }
  }
}

// A signer who rewrote any one old leaf finds no proof among those of either tree.
TEST(ConsistencyProof, ARewrittenLeafIsRefused) {
  const ReferenceTree honest(40);
  for (std::uint64_t rewritten = 0; rewritten < 20; ++rewritten) {
    std::vector<Digest> leaves = honest.leaves(0, 40);
    leaves[rewritten] = leaf_hash(Bytes{0xEE});
    const ReferenceTree forked(leaves);
    for (std::uint64_t first = rewritten + 1; first <= 40; ++first) {
      for (const ReferenceTree* prover : {&honest, &forked}) {
        const auto proof = prove_consistency(*prover, first, 40).value();
        ASSERT_TRUE(refused(verify_consistency(first, honest.root(first), 40, forked.root(40), proof)))
            << rewritten << ", " << first;
      }
    }
  }
}

TEST(ConsistencyProof, RootsSwapped) {
  const ReferenceTree tree(kSizes);
  for (std::uint64_t first = 1; first < kSizes; ++first) {
    const auto proof = prove_consistency(tree, first, kSizes).value();
    ASSERT_TRUE(refused(verify_consistency(first, tree.root(kSizes), kSizes, tree.root(first), proof))) << first;
  }
}

// Proofs of another length fit no trees of those sizes, whatever roots are claimed.
TEST(ConsistencyProof, AProofOfWrongLengthIsRefusedEvenIfItLeadsToTheRoots) {
  const ReferenceTree tree(kSizes);
  const Digest extra = leaf_hash(Bytes{1});
  for (std::uint64_t second = 2; second <= kSizes; ++second) {
    for (std::uint64_t first = 1; first < second; ++first) {
      auto proof = prove_consistency(tree, first, second).value();
      ASSERT_TRUE(refused(verify_consistency(first, tree.root(first), 4 * second, tree.root(second), proof)));
      proof.push_back(extra);
      const Digest first_left = node_hash(extra, tree.root(first));
      const Digest second_left = node_hash(extra, tree.root(second));
      ASSERT_TRUE(refused(verify_consistency(first, first_left, second, second_left, proof)));
      const Digest second_right = node_hash(tree.root(second), extra);
      ASSERT_TRUE(refused(verify_consistency(first, tree.root(first), second, second_right, proof)));
    }
  }
}

TEST(ConsistencyProof, HugeTrees) {
  const testing::UniformTree tree;
  EXPECT_TRUE(rc::check([&] {
    const auto a = *rc::gen::inRange<std::uint64_t>(1, kMaxTreeSize);
    const auto b = *rc::gen::inRange<std::uint64_t>(1, kMaxTreeSize);
    const auto [first, second] = std::minmax(a, b);
    const auto proof = prove_consistency(tree, first, second);
    RC_ASSERT(proof.ok());
    RC_ASSERT(proof->size() <= 49U);
    const Digest first_root = tree.edge(first).root();
    const Digest second_root = tree.edge(second).root();
    RC_ASSERT(verify_consistency(first, first_root, second, second_root, *proof).ok());
    if (first != second) RC_ASSERT(refused(verify_consistency(first, second_root, second, second_root, *proof)));
  }));
}

TEST(ConsistencyProof, SameSizeNeedsNoProof) {
  const ReferenceTree tree(6);
  EXPECT_TRUE(verify_consistency(6, tree.root(6), 6, tree.root(6), {}).ok());
  EXPECT_TRUE(refused(verify_consistency(6, tree.root(6), 6, tree.root(5), {})));
  EXPECT_TRUE(refused(verify_consistency(6, tree.root(6), 6, tree.root(6), {tree.root(6)})));
}

TEST(ConsistencyProof, EmptyProofConnectsNothingElse) {
  const ReferenceTree tree(8);
  for (std::uint64_t first = 1; first < 8; ++first) {
    EXPECT_TRUE(refused(verify_consistency(first, tree.root(first), 8, tree.root(8), {})));
    EXPECT_TRUE(refused(verify_consistency(first, tree.root(8), 8, tree.root(8), {})));
  }
}

TEST(ConsistencyProof, VerifierTakesAnyNumbers) {
  EXPECT_TRUE(rc::check([](std::uint64_t first, std::uint64_t second, std::uint8_t length) {
    const std::vector<Digest> proof(length, Digest{});
    RC_ASSERT(refused(verify_consistency(first, Digest{}, second, empty_root(), proof)));
  }));
  const auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(refused(verify_consistency(most - 1, Digest{}, most, empty_root(), std::vector<Digest>(200))));
  EXPECT_TRUE(refused(verify_consistency(0, empty_root(), 5, Digest{}, {Digest{}})));
  EXPECT_TRUE(refused(verify_consistency(6, Digest{}, 5, Digest{}, {Digest{}})));
}

TEST(ConsistencyProof, ProverRefusesImpossibleSizes) {
  const ReferenceTree tree(8);
  EXPECT_EQ(prove_consistency(tree, 0, 8).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_consistency(tree, 8, 7).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_consistency(tree, 1, kMaxTreeSize).error().code, Code::invalid_argument);
  EXPECT_EQ(prove_consistency(tree, 5, 9).error().code, Code::not_found) << "the reader's error comes through";
  EXPECT_EQ(prove_consistency(testing::FailingReader(), 3, 8).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::merkle
