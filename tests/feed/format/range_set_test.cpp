#include "feed/format/range_set.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace shoal::feed {
namespace {

TEST(RangeSet, BehavesLikeASetOfPositions) {
  EXPECT_TRUE(rc::check("against std::set", [] {
    RangeSet ranges;
    std::set<std::uint64_t> model;
    const auto steps = *rc::gen::container<std::vector<std::tuple<bool, int, int>>>(
        rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::inRange(0, 60), rc::gen::inRange(0, 12)));
    for (const auto& [adds, begin, length] : steps) {
      const auto from = static_cast<std::uint64_t>(begin);
      const auto to = from + static_cast<std::uint64_t>(length);
      adds ? ranges.add(from, to) : ranges.remove(from, to);
      for (std::uint64_t i = from; i < to; ++i) {
        if (adds) {
          model.insert(i);
        } else {
          model.erase(i);
        }
      }
    }
    RC_ASSERT(ranges.count() == model.size());
    RC_ASSERT(ranges.bound() == (model.empty() ? 0 : *model.rbegin() + 1));
    for (std::uint64_t i = 0; i < 80; ++i) {
      RC_ASSERT(ranges.contains(i) == model.contains(i));
      std::uint64_t gap = i;
      while (model.contains(gap)) ++gap;
      RC_ASSERT(ranges.first_gap(i) == gap);
    }
    std::set<std::uint64_t> inside;
    std::uint64_t last_end = 0;
    for (const RangeSet::Run& run : ranges.runs(10, 40)) {
      RC_ASSERT(run.begin >= 10 && run.end <= 40 && run.begin < run.end);
      RC_ASSERT(inside.empty() || run.begin > last_end);  // neighbours are merged
      last_end = run.end;
      for (std::uint64_t i = run.begin; i < run.end; ++i) inside.insert(i);
    }
    for (std::uint64_t i = 10; i < 40; ++i) RC_ASSERT(inside.contains(i) == model.contains(i));
  }));
}

}  // namespace
}  // namespace shoal::feed
