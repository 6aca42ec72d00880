#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace shoal::base {
namespace {

/// Gives listed values, to reach the rare branch of below().
class ListedRandom final : public Random {
 public:
  explicit ListedRandom(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
  std::uint64_t next() override { return values_.at(used_++); }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::vector<std::uint64_t> values_;
  std::size_t used_ = 0;
};

// splitmix64.c by Sebastiano Vigna, seed 1234567: a simulation's seed means the same run everywhere and for ever.
TEST(SeededRandom, GivesThePublishedSequence) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317ULL);
  EXPECT_EQ(random.next(), 3203168211198807973ULL);
  EXPECT_EQ(random.next(), 9817491932198370423ULL);
  EXPECT_EQ(random.next(), 4593380528125082431ULL);
  EXPECT_EQ(random.next(), 16408922859458223821ULL);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  SeededRandom random(7);
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 10ULL, 17ULL}) {
    std::vector<int> seen(bound, 0);
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t value = random.below(bound);
      ASSERT_LT(value, bound);
      ++seen[value];
    }
    for (int count : seen) EXPECT_GT(count, 2000 / static_cast<int>(bound) / 2) << bound;
  }
}

TEST(Random, BelowDrawsAgainWhereSmallResultsWouldBeLikelier) {
  // 2^64 mod 3 = 1: the value 0 is the one too many.
  ListedRandom random({0, 5});
  EXPECT_EQ(random.below(3), 2U);
  EXPECT_EQ(random.used(), 2U);
}

TEST(Random, BelowTakesTheLargestBound) {
  ListedRandom random({std::numeric_limits<std::uint64_t>::max() - 1});
  EXPECT_EQ(random.below(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max() - 1);
}

TEST(Random, FillUsesAllBytesOfEachValue) {
  ListedRandom random({0x0807060504030201, 0x0A09});
  std::array<std::uint8_t, 10> out{};
  random.fill(out);
  EXPECT_EQ(out, (std::array<std::uint8_t, 10>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(RandomDeathTest, BelowZeroIsAProgrammerError) {
  SeededRandom random(1);
  EXPECT_DEATH(random.below(0), "internal error: bound > 0");
}

}  // namespace
}  // namespace shoal::base
