#include "replication/fetch/endgame.h"

#include <algorithm>
#include <cmath>

namespace shoal::replication {
namespace {

/// A duplicate pays when the owner would take this many times as long as the helper, and at least this much longer.
constexpr double kSpeedup = 2;
constexpr double kGainSeconds = 0.15;
/// For a single block the gain has to be larger: the helper sends all of it again, and a large block that the whole
/// swarm fetches takes long at every peer.
constexpr double kGainSecondsOfOne = 2;

/// Blocks at the end of `rest` that the helper takes so that both finish together at their rates.
std::uint64_t share_of(const Outstanding& one, const Helper& helper) {
  const auto blocks = static_cast<double>(one.rest.end - one.rest.begin);
  const double bytes = blocks * one.bytes_per_block;
  const double owner = std::isinf(one.seconds_left) ? 0 : bytes / std::max(one.seconds_left, 1e-3);
  const double share = helper.bytes_per_second / (helper.bytes_per_second + owner);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(blocks * share)), 1,
                                   static_cast<std::uint64_t>(blocks));
}

/// The want of another peer with the longest time left.
const Outstanding* longest(const std::vector<Outstanding>& outstanding, const Helper& helper, bool shared_too) {
  const Outstanding* worst = nullptr;
  for (const Outstanding& one : outstanding) {
    if ((one.shared && !shared_too) || one.peer == helper.peer || one.rest.begin >= one.rest.end) continue;
    if (worst == nullptr || one.seconds_left > worst->seconds_left) worst = &one;
  }
  return helper.bytes_per_second > 0 ? worst : nullptr;
}

double seconds_for(std::uint64_t blocks, const Outstanding& one, const Helper& helper) {
  return std::chrono::duration<double>(helper.round_trip).count() +
         static_cast<double>(blocks) * one.bytes_per_block / helper.bytes_per_second;
}

Takeover end_of(const Outstanding& one, std::uint64_t blocks) {
  return {one.want, {BlockIndex{one.rest.end.value() - blocks}, one.rest.end}};
}

}  // namespace

std::optional<Takeover> pick_duplicate(const std::vector<Outstanding>& outstanding, const Helper& helper) {
  const Outstanding* worst = longest(outstanding, helper, false);
  if (worst == nullptr) return std::nullopt;
  const std::uint64_t blocks = share_of(*worst, helper);
  const double gain = worst->rest.end - worst->rest.begin == 1 ? kGainSecondsOfOne : kGainSeconds;
  if (worst->seconds_left < kSpeedup * seconds_for(blocks, *worst, helper) + gain) return std::nullopt;
  return end_of(*worst, blocks);
}

std::optional<Takeover> pick_split(const std::vector<Outstanding>& outstanding, const Helper& helper) {
  const Outstanding* worst = longest(outstanding, helper, true);
  if (worst == nullptr) return std::nullopt;
  const std::uint64_t blocks = share_of(*worst, helper);
  if (worst->seconds_left < seconds_for(blocks, *worst, helper) + kGainSeconds) return std::nullopt;
  return end_of(*worst, blocks);
}

}  // namespace shoal::replication
