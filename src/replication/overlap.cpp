#include "replication/overlap.h"

#include <algorithm>
#include <cmath>

namespace shoal::replication {
namespace {

/// The helper must need less than half of the owner's time, and be sooner by this.
constexpr double kSooner = 2;
constexpr double kGainSeconds = 0.15;
/// The same for one block: whoever begins it anew brings all of it once more, and a block of much data that the whole
/// swarm is fetching takes long everywhere.
constexpr double kGainSecondsOfOne = 2;

/// Blocks of the end of `rest` that the helper takes when both go on at their rates.
std::uint64_t share_of(const Outstanding& one, const Helper& helper, double bytes_per_block) {
  const auto blocks = static_cast<double>(one.rest.end - one.rest.begin);
  const double bytes = blocks * bytes_per_block;
  const double owner = std::isinf(one.seconds_left) ? 0 : bytes / std::max(one.seconds_left, 1e-3);
  const double share = helper.bytes_per_second / (helper.bytes_per_second + owner);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(blocks * share)), 1,
                                   static_cast<std::uint64_t>(blocks));
}

}  // namespace

std::optional<Overlap> pick_overlap(const std::vector<Outstanding>& outstanding, const Helper& helper,
                                    double bytes_per_block) {
  const Outstanding* worst = nullptr;
  for (const Outstanding& one : outstanding) {
    if (one.shared || one.peer == helper.peer || one.rest.begin >= one.rest.end) continue;
    if (worst == nullptr || one.seconds_left > worst->seconds_left) worst = &one;
  }
  if (worst == nullptr || helper.bytes_per_second <= 0) return std::nullopt;
  const std::uint64_t blocks = share_of(*worst, helper, bytes_per_block);
  const double takes = helper.round_trip_s + static_cast<double>(blocks) * bytes_per_block / helper.bytes_per_second;
  const double gain = worst->rest.end - worst->rest.begin == 1 ? kGainSecondsOfOne : kGainSeconds;
  if (worst->seconds_left < kSooner * takes + gain) return std::nullopt;
  return Overlap{worst->want, {BlockIndex{worst->rest.end.value() - blocks}, worst->rest.end}};
}

}  // namespace shoal::replication
