#include "replication/fetch/request_planner.h"

#include <algorithm>
#include <limits>

namespace shoal::replication {
namespace {

/// Blocks of a portion before their size is known.
constexpr std::uint64_t kFirstPortion = 4;
constexpr std::uint64_t kMinPortion = 1;
/// Bound on the runs that are compared to find the rarest.
constexpr std::size_t kMaxLooks = 1024;
constexpr std::uint64_t kMaxPortion = 8192;

}  // namespace

void RequestPlanner::clear() {
  held_.clear();
  assigned_.clear();
  from_ = 0;
}

std::optional<BlockRange> RequestPlanner::offered(const Offer& offer, BlockRange wanted) {
  std::uint64_t at = wanted.begin.value();
  while (at < wanted.end.value()) {
    std::optional<BlockRange> run;
    if (offer.complete) {
      run = BlockRange{BlockIndex{at}, BlockIndex{std::min(offer.end, wanted.end.value())}};
      if (run->begin >= run->end) return std::nullopt;
    } else {
      run = offer.held->first_run(at, wanted.end.value());
      if (!run) return std::nullopt;
    }
    const auto askable = offer.lacking->first_gap(run->begin.value(), run->end.value());
    if (askable) return askable;
    at = run->end.value();
  }
  return std::nullopt;
}

std::optional<BlockRange> RequestPlanner::next(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks) const {
  std::optional<BlockRange> run = next_from(offer, from_, to);
  if (run) run->end = std::min(run->end, run->begin + max_blocks);
  return run;
}

std::optional<BlockRange> RequestPlanner::rarest(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks,
                                                 const Availability& holders, std::uint64_t start) const {
  start = std::clamp(start, from_, std::max(from_, to));
  std::optional<BlockRange> best;
  std::uint32_t fewest = std::numeric_limits<std::uint32_t>::max();
  std::size_t looks = 0;
  for (const auto& [begin, end] : {std::pair(start, to), std::pair(from_, start)}) {
    for (std::uint64_t at = begin; at < end && looks < kMaxLooks;) {
      const std::optional<BlockRange> run = next_from(offer, at, end);
      if (!run) break;
      for (at = run->begin.value(); at < run->end.value() && looks < kMaxLooks; ++looks) {
        const Availability::Run count = holders.at(at);
        const std::uint64_t upto = std::min(count.end, run->end.value());
        if (count.holders < fewest) {
          fewest = count.holders;
          best = BlockRange{BlockIndex{at}, BlockIndex{upto}};
        }
        at = upto;
      }
    }
  }
  if (best) best->end = std::min(best->end, best->begin + max_blocks);
  return best;
}

std::optional<BlockRange> RequestPlanner::next_from(const Offer& offer, std::uint64_t at, std::uint64_t to) const {
  while (at < to) {
    const std::optional<BlockRange> missing = held_.first_gap(at, to);
    if (!missing) return std::nullopt;
    const auto free = assigned_.first_gap(missing->begin.value(), missing->end.value());
    if (!free) {
      at = missing->end.value();
      continue;
    }
    const std::optional<BlockRange> run = offered(offer, *free);
    if (run) return run;
    at = free->end.value();
  }
  return std::nullopt;
}

std::uint64_t RequestPlanner::portion(std::uint64_t target_bytes) const {
  if (blocks_seen_ == 0) return kFirstPortion;
  const std::uint64_t average = std::max<std::uint64_t>(bytes_seen_ / blocks_seen_, 1);
  return std::clamp(target_bytes / average, kMinPortion, kMaxPortion);
}

double RequestPlanner::bytes_per_block() const {
  return blocks_seen_ == 0 ? 0 : static_cast<double>(bytes_seen_) / static_cast<double>(blocks_seen_);
}

std::uint64_t RequestPlanner::missing(std::uint64_t to) const {
  const std::uint64_t all = to - std::min(from_, to);
  return all - std::min(all, held_.count());
}

void RequestPlanner::measured(std::uint64_t blocks, std::uint64_t bytes) {
  // Halving makes old blocks count less, so that portions follow a feed whose batches grow or shrink.
  if (blocks_seen_ > 4096) {
    blocks_seen_ /= 2;
    bytes_seen_ /= 2;
  }
  blocks_seen_ += blocks;
  bytes_seen_ += bytes;
}

}  // namespace shoal::replication
