#include "feed/format/range_set.h"

#include <algorithm>
#include <iterator>

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
  if (begin >= end) return;
  for (auto at = reaching(begin); at != runs_.end() && at->first < end;) {
    const auto [from, to] = *at;
    at = runs_.erase(at);
    count_ -= std::min(to, end) - std::max(from, begin);
    if (from < begin) runs_.emplace(from, begin);
    if (end < to) runs_.emplace(end, to);
  }
}

void RangeSet::clear() {
  runs_.clear();
  count_ = 0;
}

RangeSet::Runs::const_iterator RangeSet::reaching(std::uint64_t block) const {
  const auto next = runs_.upper_bound(block);
  return next != runs_.begin() && std::prev(next)->second > block ? std::prev(next) : next;
}

std::uint64_t RangeSet::count(std::uint64_t begin, std::uint64_t end) const {
  std::uint64_t blocks = 0;
  for (auto at = reaching(begin); at != runs_.end() && at->first < end; ++at) {
    blocks += std::min(at->second, end) - std::max(at->first, begin);
  }
  return blocks;
}

bool RangeSet::contains(std::uint64_t block) const { return first_missing(block) != block; }

bool RangeSet::contains(std::uint64_t begin, std::uint64_t end) const {
  return begin >= end || first_missing(begin) >= end;
}

std::uint64_t RangeSet::first_missing(std::uint64_t from) const {
  const auto next = reaching(from);
  return next != runs_.end() && next->first <= from ? next->second : from;
}

std::optional<BlockRange> RangeSet::first_gap(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t from = first_missing(begin);
  if (from >= end) return std::nullopt;
  const auto next = runs_.upper_bound(from);
  const std::uint64_t to = next == runs_.end() ? end : std::min(end, next->first);
  return BlockRange{BlockIndex{from}, BlockIndex{to}};
}

std::optional<BlockRange> RangeSet::first_run(std::uint64_t begin, std::uint64_t end) const {
  const auto at = reaching(begin);
  if (at == runs_.end() || at->first >= end || begin >= end) return std::nullopt;
  return BlockRange{BlockIndex{std::max(begin, at->first)}, BlockIndex{std::min(end, at->second)}};
}

std::vector<BlockRange> RangeSet::runs(std::uint64_t begin, std::uint64_t end) const {
  std::vector<BlockRange> out;
  if (begin >= end) return out;
  for (auto at = reaching(begin); at != runs_.end() && at->first < end; ++at) {
    out.push_back({BlockIndex{std::max(at->first, begin)}, BlockIndex{std::min(at->second, end)}});
  }
  return out;
}

}  // namespace shoal::feed
