#include "replication/request_planner.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr std::uint64_t kFirstPortion = 64;
constexpr std::uint64_t kMinPortion = 1;
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
  std::uint64_t at = from_;
  while (at < to) {
    const std::optional<BlockRange> missing = held_.first_gap(at, to);
    if (!missing) return std::nullopt;
    const auto free = assigned_.first_gap(missing->begin.value(), missing->end.value());
    if (!free) {
      at = missing->end.value();
      continue;
    }
    std::optional<BlockRange> run = offered(offer, *free);
    if (run) {
      run->end = std::min(run->end, run->begin + max_blocks);
      return run;
    }
    at = free->end.value();
  }
  return std::nullopt;
}

std::uint64_t RequestPlanner::portion(std::uint64_t target_bytes) const {
  if (blocks_seen_ == 0) return kFirstPortion;
  const std::uint64_t average = std::max<std::uint64_t>(bytes_seen_ / blocks_seen_, 1);
  return std::clamp(target_bytes / average, kMinPortion, kMaxPortion);
}

void RequestPlanner::measured(std::uint64_t blocks, std::uint64_t bytes) {
  // Old blocks count less and less, so that portions follow a feed whose batches grow or shrink.
  if (blocks_seen_ > 4096) {
    blocks_seen_ /= 2;
    bytes_seen_ /= 2;
  }
  blocks_seen_ += blocks;
  bytes_seen_ += bytes;
}

}  // namespace shoal::replication
