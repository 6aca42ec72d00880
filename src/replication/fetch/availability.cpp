#include "replication/fetch/availability.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace shoal::replication {

void Availability::clear() {
  steps_.clear();
  runs_.clear();
}

void Availability::add_holder(const std::vector<BlockRange>& ranges) {
  for (const BlockRange& range : ranges) {
    steps_.emplace_back(range.begin.value(), 1);
    steps_.emplace_back(range.end.value(), -1);
  }
}

void Availability::build() {
  std::sort(steps_.begin(), steps_.end());
  runs_.assign(1, {0, 0});
  std::int64_t holders = 0;
  for (const auto& [block, step] : steps_) {
    holders += step;
    if (runs_.back().first != block) runs_.emplace_back(block, 0);
    runs_.back().second = static_cast<std::uint32_t>(holders);
  }
}

Availability::Run Availability::at(std::uint64_t block) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), block,
                                      [](std::uint64_t wanted, const auto& run) { return wanted < run.first; });
  const std::uint64_t end = after == runs_.end() ? std::numeric_limits<std::uint64_t>::max() : after->first;
  return {end, after == runs_.begin() ? 0 : std::prev(after)->second};
}

}  // namespace shoal::replication
