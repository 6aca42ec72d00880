#include "replication/peers/have_set.h"

#include <algorithm>

namespace shoal::replication {

void HaveSet::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= begin) {
      begin = before->first;
      end = std::max(end, before->second);
      count_ -= before->second - before->first;
      next = ranges_.erase(before);
    }
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    count_ -= next->second - next->first;
    next = ranges_.erase(next);
  }
  ranges_.emplace(begin, end);
  count_ += end - begin;
}

void HaveSet::remove(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto at = ranges_.upper_bound(begin);
  if (at != ranges_.begin()) --at;
  while (at != ranges_.end() && at->first < end) {
    const auto [from, to] = *at;
    if (to <= begin) {
      ++at;
      continue;
    }
    at = ranges_.erase(at);
    count_ -= std::min(to, end) - std::max(from, begin);
    if (from < begin) ranges_.emplace(from, begin);
    if (to > end) ranges_.emplace(end, to);
  }
}

bool HaveSet::contains(std::uint64_t block) const { return contains(block, block + 1); }

bool HaveSet::contains(std::uint64_t begin, std::uint64_t end) const {
  return begin >= end || first_missing(begin) >= end;
}

std::uint64_t HaveSet::first_missing(std::uint64_t begin) const {
  const auto next = ranges_.upper_bound(begin);
  if (next == ranges_.begin()) return begin;
  return std::max(begin, std::prev(next)->second);
}

std::optional<BlockRange> HaveSet::first_gap(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t from = first_missing(begin);
  if (from >= end) return std::nullopt;
  const auto next = ranges_.upper_bound(from);
  const std::uint64_t to = next == ranges_.end() ? end : std::min(end, next->first);
  return BlockRange{BlockIndex{from}, BlockIndex{to}};
}

std::optional<BlockRange> HaveSet::first_run(std::uint64_t begin, std::uint64_t end) const {
  auto at = ranges_.upper_bound(begin);
  if (at != ranges_.begin() && std::prev(at)->second > begin) --at;
  if (at == ranges_.end() || at->first >= end || begin >= end) return std::nullopt;
  return BlockRange{BlockIndex{std::max(begin, at->first)}, BlockIndex{std::min(end, at->second)}};
}

std::vector<BlockRange> HaveSet::ranges() const {
  std::vector<BlockRange> out;
  out.reserve(ranges_.size());
  for (const auto& [begin, end] : ranges_) out.push_back({BlockIndex{begin}, BlockIndex{end}});
  return out;
}

}  // namespace shoal::replication
