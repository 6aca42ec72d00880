#include "feed/format/range_set.h"

#include <algorithm>

namespace shoal::feed {

void RangeSet::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = runs_.upper_bound(begin);
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= begin) {  // overlaps or touches: grow that run
      begin = before->first;
      end = std::max(end, before->second);
      count_ -= before->second - before->first;
      next = runs_.erase(before);
    }
  }
  while (next != runs_.end() && next->first <= end) {
    end = std::max(end, next->second);
    count_ -= next->second - next->first;
    next = runs_.erase(next);
  }
  runs_.emplace_hint(next, begin, end);
  count_ += end - begin;
}

void RangeSet::remove(std::uint64_t begin, std::uint64_t end) {
  for (const Run& run : runs(begin, end)) {
    const auto holder = std::prev(runs_.upper_bound(run.begin));
    const Run whole{holder->first, holder->second};
    runs_.erase(holder);
    if (whole.begin < run.begin) runs_.emplace(whole.begin, run.begin);
    if (run.end < whole.end) runs_.emplace(run.end, whole.end);
    count_ -= run.end - run.begin;
  }
}

bool RangeSet::contains(std::uint64_t position) const {
  const auto next = runs_.upper_bound(position);
  return next != runs_.begin() && std::prev(next)->second > position;
}

std::uint64_t RangeSet::first_gap(std::uint64_t from) const {
  const auto next = runs_.upper_bound(from);
  if (next == runs_.begin()) return from;
  return std::max(from, std::prev(next)->second);
}

std::vector<RangeSet::Run> RangeSet::runs(std::uint64_t begin, std::uint64_t end) const {
  std::vector<Run> out;
  auto at = runs_.upper_bound(begin);
  if (at != runs_.begin() && std::prev(at)->second > begin) --at;
  for (; at != runs_.end() && at->first < end; ++at) {
    const Run run{std::max(at->first, begin), std::min(at->second, end)};
    if (run.begin < run.end) out.push_back(run);
  }
  return out;
}

}  // namespace shoal::feed
