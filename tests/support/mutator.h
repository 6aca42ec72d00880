#pragma once

#include <shoal/types.h>

#include <algorithm>
#include <random>

namespace shoal::testing {

/// Changes bytes so that they are never what they were: single bits, whole bytes, cuts, growth, swapped stretches,
/// extreme numbers. One seed, one sequence.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random_() % end; }

  [[nodiscard]] Bytes mutate(const Bytes& original) {
    for (;;) {
      Bytes changed = original;
      change(changed);
      if (changed != original) return changed;
    }
  }

 private:
  void change(Bytes& bytes) {
    if (bytes.empty()) return bytes.push_back(static_cast<std::uint8_t>(below(256)));
    const std::size_t at = below(bytes.size());
    switch (below(7)) {
      case 0:
      case 1: bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1U << below(8))); break;
      case 2: bytes[at] = static_cast<std::uint8_t>(below(256)); break;
      case 3: bytes.resize(at); break;
      case 4: bytes.insert(bytes.end(), 1 + below(40), static_cast<std::uint8_t>(below(256))); break;
      case 5: {
        const std::size_t size = std::min<std::size_t>(1 + below(8), bytes.size() - at);
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size,
                    static_cast<std::uint8_t>(below(2) == 0 ? 0x00 : 0xff));
        break;
      }
      default: {
        const std::size_t other = below(bytes.size());
        const std::size_t size = std::min({std::size_t{8}, bytes.size() - at, bytes.size() - other});
        for (std::size_t i = 0; i < size; ++i) std::swap(bytes[at + i], bytes[other + i]);
      }
    }
  }

  std::mt19937_64 random_;
};

}  // namespace shoal::testing
