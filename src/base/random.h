#pragma once

#include <cstdint>
#include <span>

namespace shoal::base {

/// The only source of randomness outside `crypto/` (whose keys come from libsodium). The simulator seeds one.
class Random {
 public:
  virtual ~Random() = default;
  /// Uniform over all 64-bit values.
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, bound); `bound` must be positive.
  std::uint64_t below(std::uint64_t bound);
  void fill(std::span<std::uint8_t> out);
};

/// splitmix64: small, fast, and the same sequence for a seed on every machine. Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace shoal::base
