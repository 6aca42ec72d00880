#include "base/random.h"

#include "base/assert.h"

namespace shoal::base {

std::uint64_t Random::below(std::uint64_t bound) {
  SHOAL_ASSERT(bound > 0);
  // Values under the threshold would make small results likelier; draw again.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

void Random::fill(std::span<std::uint8_t> out) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) value = next();
    out[i] = static_cast<std::uint8_t>(value >> (8 * (i % 8)));
  }
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace shoal::base
