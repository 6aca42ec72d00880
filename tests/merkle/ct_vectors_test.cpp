#include "base/bytes.h"
#include "merkle/consistency_proof.h"
#include "merkle/inclusion_proof.h"
#include "merkle/reference_tree.h"

#include <gtest/gtest.h>

#include <algorithm>

// The eight-leaf tree of Certificate Transparency's own tests (google/certificate-transparency, merkletree tests;
// also in Chromium and transparency-dev/merkle): what every RFC 6962 and RFC 9162 implementation agrees on.
namespace shoal::merkle {
namespace {

const std::vector<const char*> kInputs = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};

const std::vector<const char*> kRoots = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

struct InclusionVector {
  std::uint64_t index;
  std::uint64_t size;
  std::vector<const char*> path;
};

const std::vector<InclusionVector> kInclusion = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

struct ConsistencyVector {
  std::uint64_t first;
  std::uint64_t second;
  std::vector<const char*> proof;
};

const std::vector<ConsistencyVector> kConsistency = {
    {1, 1, {}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

std::vector<Digest> ct_leaves() {
  std::vector<Digest> leaves;
  for (const char* input : kInputs) leaves.push_back(leaf_hash(base::from_hex(input).value()));
  return leaves;
}

Digest digest(const char* hex) {
  Digest out;
  const Bytes bytes = base::from_hex(hex).value();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

std::vector<Digest> digests(const std::vector<const char*>& hex) {
  std::vector<Digest> out;
  for (const char* one : hex) out.push_back(digest(one));
  return out;
}

TEST(CtVectors, Roots) {
  const testing::ReferenceTree tree(ct_leaves());
  for (std::uint64_t size = 0; size < kRoots.size(); ++size) {
    EXPECT_EQ(tree_root(tree.leaves(0, size)).hex(), kRoots[size]);
    EXPECT_EQ(tree.edge(size).root().hex(), kRoots[size]);
    EXPECT_EQ(tree.root(size).hex(), kRoots[size]) << "the reference itself";
  }
}

TEST(CtVectors, InclusionPaths) {
  const testing::ReferenceTree tree(ct_leaves());
  for (const InclusionVector& vector : kInclusion) {
    const std::vector<Digest> path = digests(vector.path);
    EXPECT_EQ(prove_inclusion(tree, vector.index, vector.size).value(), path);
    EXPECT_TRUE(
        verify_inclusion(tree.leaf(vector.index), vector.index, vector.size, path, digest(kRoots[vector.size])).ok());
  }
}

TEST(CtVectors, ConsistencyProofs) {
  const testing::ReferenceTree tree(ct_leaves());
  for (const ConsistencyVector& vector : kConsistency) {
    const std::vector<Digest> proof = digests(vector.proof);
    EXPECT_EQ(prove_consistency(tree, vector.first, vector.second).value(), proof);
    EXPECT_TRUE(verify_consistency(vector.first, digest(kRoots[vector.first]), vector.second,
                                   digest(kRoots[vector.second]), proof)
                    .ok());
  }
}

}  // namespace
}  // namespace shoal::merkle
