// Hashing and proofs. Limits: SHA-256 of the machine (`openssl speed -evp sha256`); a header leaf is three or four of
// its 64-byte blocks, an interior node two.
#include "base/random.h"
#include "feed/format/block.h"
#include "feed/format/leaf_tree.h"
#include "merkle/subtree_cover.h"
#include "topic/partitioner.h"

#include <benchmark/benchmark.h>

namespace shoal {
namespace {

Bytes random_bytes(std::size_t size) {
  base::SeededRandom random(1);
  Bytes out(size);
  random.fill(out);
  return out;
}

void BM_LeafHash(benchmark::State& state) {
  const Bytes data = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(merkle::leaf_hash(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LeafHash)->Arg(128)->Arg(64 << 10);

void BM_PayloadRoot(benchmark::State& state) {
  const Bytes data = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(feed::payload_root(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_PayloadRoot)->Arg(1 << 20);

/// A run of blocks in the middle of a tree of 65 536, from the edge before it.
void BM_VerifyCover(benchmark::State& state) {
  constexpr std::uint64_t kSize = 1 << 16;
  constexpr std::uint64_t kBase = 30'000;
  const auto run = static_cast<std::uint64_t>(state.range(0));
  feed::LeafTree tree;
  merkle::RightEdge base;
  std::vector<merkle::Leaf> leaves;
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < kSize; ++i) {
    const merkle::Digest leaf = merkle::leaf_hash(Bytes(8, static_cast<std::uint8_t>(i)));
    tree.append(leaf);
    if (i < kBase) base.append_leaf(leaf);
    if (i < kBase || i >= kBase + run) continue;
    leaves.push_back({i, leaf});
    indices.push_back(i);
  }
  const merkle::Digest root = tree.root();
  const auto cover = merkle::build_cover(tree, kBase, kSize, indices).value();
  for (auto _ : state) {
    auto result = merkle::verify_cover(base, kSize, root, leaves, cover);
    if (!result.ok()) state.SkipWithError("not verified");
    benchmark::DoNotOptimize(result);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_VerifyCover)->Arg(1)->Arg(256);

void BM_Murmur2(benchmark::State& state) {
  const Bytes key = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(topic::murmur2(key));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Murmur2)->Arg(16)->Arg(1024);

}  // namespace
}  // namespace shoal
