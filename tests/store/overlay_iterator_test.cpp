// Rows laid over a store's, in every small world.
#include "store/overlay_iterator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace shoal::store {
namespace {

using Rows = std::map<Bytes, Bytes, KeyOrder>;

/// Walks over rows in memory; fails at a key when it has one to fail at.
class MapIterator final : public KvIterator {
 public:
  explicit MapIterator(Rows rows, std::optional<Bytes> fails_at = {})
      : rows_(std::move(rows)), at_(rows_.end()), fails_at_(std::move(fails_at)) {}
  void seek(ByteView key) override { at_ = rows_.lower_bound(key); }
  void seek_for_prev(ByteView key) override {
    at_ = rows_.upper_bound(key);
    prev();
  }
  void next() override { ++at_; }
  void prev() override { at_ = at_ == rows_.begin() ? rows_.end() : std::prev(at_); }
  [[nodiscard]] bool valid() const override { return !failed() && at_ != rows_.end(); }
  [[nodiscard]] ByteView key() const override { return at_->first; }
  [[nodiscard]] ByteView value() const override { return at_->second; }
  [[nodiscard]] Result<void> status() const override {
    return failed() ? Result<void>(Error{Code::corrupt, "damaged"}) : Result<void>{};
  }

 private:
  [[nodiscard]] bool failed() const { return at_ != rows_.end() && at_->first == fails_at_; }

  Rows rows_;
  Rows::const_iterator at_;
  std::optional<Bytes> fails_at_;
};

constexpr std::uint8_t kKeys = 4;
const Bytes kAbove{1};
const Bytes kBelow{2};

/// Keys are odd, so that there are places between them.
Bytes key_of(std::uint8_t number) { return Bytes{static_cast<std::uint8_t>(2 * number + 1)}; }

struct World {
  BufferedRows above;
  Rows below;
  Rows seen;
};

/// Each key is in the store or not, and has a row above it, an erasure, or nothing.
World world_of(unsigned number) {
  World world;
  for (std::uint8_t key = 0; key < kKeys; ++key, number /= 6) {
    const bool stored = number % 2 == 1;
    const unsigned over = number % 6 / 2;
    if (stored) world.below[key_of(key)] = kBelow;
    if (over > 0) world.above[key_of(key)] = over == 1 ? BufferedValue(SharedBytes(kAbove)) : BufferedValue();
    if (over == 1 || (over == 0 && stored)) world.seen[key_of(key)] = over == 1 ? kAbove : kBelow;
  }
  return world;
}

/// Whether both stand at the same row.
bool same(const KvIterator& at, const Rows& rows, Rows::const_iterator expected) {
  if (!at.valid()) return expected == rows.end();
  return expected != rows.end() && std::ranges::equal(at.key(), expected->first) &&
         std::ranges::equal(at.value(), expected->second);
}

// From every place, the five moves in every order of directions.
TEST(OverlayIterator, WalksAsOneOrderedMap) {
  for (unsigned number = 0; number < 6 * 6 * 6 * 6; ++number) {
    const World world = world_of(number);
    const auto at = overlay(world.above, std::make_unique<MapIterator>(world.below));
    for (std::uint8_t place = 0; place <= 2 * kKeys; ++place) {
      for (unsigned moves = 0; moves < 64; ++moves) {
        const Bytes target{place};
        auto expected = world.seen.lower_bound(target);
        if (moves % 2 == 0) {
          at->seek(target);
        } else {
          at->seek_for_prev(target);
          expected = world.seen.upper_bound(target);
          expected = expected == world.seen.begin() ? world.seen.end() : std::prev(expected);
        }
        ASSERT_TRUE(same(*at, world.seen, expected)) << number << " " << int{place};
        for (unsigned bits = moves / 2, i = 0; i < 5 && at->valid(); ++i, bits /= 2) {
          if (bits % 2 == 0) {
            at->next();
            ++expected;
          } else {
            at->prev();
            expected = expected == world.seen.begin() ? world.seen.end() : std::prev(expected);
          }
          ASSERT_TRUE(same(*at, world.seen, expected)) << number << " " << int{place} << " " << moves;
        }
        ASSERT_TRUE(at->status().ok());
      }
    }
  }
}

TEST(OverlayIterator, AFailureBelowEndsTheWalk) {
  const BufferedRows above{{key_of(0), SharedBytes(kAbove)}, {key_of(3), SharedBytes(kAbove)}};
  const Rows below{{key_of(1), kBelow}, {key_of(2), kBelow}};
  const auto at = overlay(above, std::make_unique<MapIterator>(below, key_of(2)));
  at->seek({});
  EXPECT_TRUE(at->valid());
  at->next();
  ASSERT_TRUE(at->valid());
  EXPECT_TRUE(at->status().ok());
  at->next();
  EXPECT_FALSE(at->valid()) << "the row behind the damaged one is not the next";
  EXPECT_EQ(at->status().error().code, Code::corrupt);
}

TEST(OverlayIterator, NothingAboveIsTheIteratorBelow) {
  auto below = std::make_unique<MapIterator>(Rows{{key_of(1), kBelow}});
  const KvIterator* const same_one = below.get();
  EXPECT_EQ(overlay({}, std::move(below)).get(), same_one);
}

}  // namespace
}  // namespace shoal::store
