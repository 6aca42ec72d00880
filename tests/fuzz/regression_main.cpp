// Runs a fuzz program without libFuzzer: files when they are named (what a fuzzer found), otherwise the seeds and a
// fixed sequence of mutations of them. Deterministic; what ctest runs.
#include "base/random.h"
#include "fuzz/fuzz.h"

#include <cstdio>
#include <fstream>
#include <iterator>

namespace shoal::fuzz {
namespace {

constexpr std::size_t kMutations = 4000;
constexpr std::size_t kLargestInput = std::size_t{64} << 10;

/// What a number at its limit looks like in a fixed-width field.
constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

void change(Bytes& input, const Bytes& other, base::Random& random) {
  const auto at = static_cast<std::ptrdiff_t>(random.below(input.size() + 1));
  const auto length = static_cast<std::ptrdiff_t>(random.below(16) + 1);
  const auto end = std::min(at + length, static_cast<std::ptrdiff_t>(input.size()));
  switch (random.below(6)) {
    case 0:
      if (!input.empty()) input[random.below(input.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
      break;
    case 1: std::fill(input.begin() + at, input.begin() + end, kEdges[random.below(std::size(kEdges))]); break;
    case 2: input.erase(input.begin() + at, input.begin() + end); break;
    case 3: input.insert(input.begin() + at, static_cast<std::size_t>(length), kEdges[random.below(5)]); break;
    case 4: input.resize(static_cast<std::size_t>(at)); break;
    default:
      if (other.empty()) break;
      const auto from = static_cast<std::ptrdiff_t>(random.below(other.size()));
      const auto stop = std::min(from + length * 8, static_cast<std::ptrdiff_t>(other.size()));
      input.insert(input.begin() + at, other.begin() + from, other.begin() + stop);
  }
  if (input.size() > kLargestInput) input.resize(kLargestInput);
}

void run(const Bytes& input) {
  // A copy of exactly this size: a sanitizer sees each byte read beyond it.
  const Bytes exact(input);
  (void)LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

int run_files(int count, char** names) {
  for (int i = 0; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    if (!file) return std::fprintf(stderr, "cannot open %s\n", names[i]), 1;
    run({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
  return 0;
}

void run_mutations() {
  const std::vector<Bytes> good = seeds();
  SHOAL_ASSERT(!good.empty());
  run({});
  for (const Bytes& seed : good) run(seed);
  base::SeededRandom random(1);
  for (std::size_t i = 0; i < kMutations; ++i) {
    Bytes input = good[i % good.size()];
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t j = 0; j < changes; ++j) change(input, good[random.below(good.size())], random);
    run(input);
  }
}

}  // namespace
}  // namespace shoal::fuzz

int main(int argc, char** argv) {
  if (argc > 1) return shoal::fuzz::run_files(argc - 1, argv + 1);
  shoal::fuzz::run_mutations();
  return 0;
}
