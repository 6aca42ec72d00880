#include "base/try.h"
#include "feed/read/prune_order.h"
#include "node/feeds/feed_host.h"

#include <algorithm>
#include <utility>

// The part of FeedHost that knows what stays: persistent wants, retention, caches of subscriptions.
namespace shoal::node {
namespace {

/// Payloads dropped in one step: bounds how long the strand is busy with it.
constexpr std::size_t kStep = 4096;
/// Giving disk back is a compaction; so much is dropped before the next one.
constexpr std::uint64_t kReclaimStep = std::uint64_t{4} << 20;

}  // namespace

void FeedHost::set_mirror(std::optional<MirrorOptions> options) {
  WantHandle handle;
  if (options) {
    Want wanted;
    wanted.filter.topics = options->topics;
    wanted.everything = options->topics.empty();
    wanted.in_order = false;
    handle = want(std::move(wanted));
  }
  {
    const std::lock_guard lock(mutex_);
    mirror_options_ = std::move(options);
    // The former want goes after the new one has come, so that nothing on its way is interrupted.
    mirror_want_.swap(handle);
  }
  post([this] { giver_->on_held(); });
  notify();
}

std::optional<MirrorOptions> FeedHost::mirror_options() const {
  const std::lock_guard lock(mutex_);
  return mirror_options_;
}

UnixMs FeedHost::oldest_wanted() const {
  const std::lock_guard lock(mutex_);
  if (!mirror_options_) return kNoTime;
  UnixMs oldest = floor_;
  if (mirror_options_->keep.count() > 0) {
    oldest = std::max(oldest, parts_.clock->wall_now() - mirror_options_->keep.count());
  }
  return oldest;
}

void FeedHost::raise_floor(UnixMs newest_dropped) {
  const std::lock_guard lock(mutex_);
  floor_ = std::max(floor_, newest_dropped);
}

std::optional<Retention> FeedHost::retention() const {
  const std::lock_guard lock(mutex_);
  return retention_;
}

void FeedHost::set_retention(std::optional<Retention> retention) {
  const std::lock_guard lock(mutex_);
  retention_ = std::move(retention);
}

std::optional<Error> FeedHost::budget_problem() const {
  const std::lock_guard lock(mutex_);
  return budget_problem_;
}

void FeedHost::set_budget_problem(std::optional<Error> problem) {
  {
    const std::lock_guard lock(mutex_);
    if (!problem && !budget_problem_) return;
    budget_problem_ = std::move(problem);
  }
  // Nothing is fetched while there is no room for it.
  post([this] { apply_wants(); });
  notify();
}

std::uint64_t FeedHost::payload_bytes() const {
  return log_->inspect([](const feed::LogState& state) {
    std::uint64_t bytes = 0;
    for (const feed::PartitionState& partition : state.partitions) bytes += partition.payload_bytes;
    return bytes;
  });
}

bool FeedHost::starved() const {
  const std::lock_guard lock(mutex_);
  return budget_problem_ || paused_;
}

void FeedHost::set_allowance(std::optional<std::uint64_t> bytes) {
  const std::uint64_t held = payload_bytes();
  const std::lock_guard lock(mutex_);
  allowance_ = bytes;
  allowance_from_ = held;
  if (std::exchange(paused_, false)) post([this] { apply_wants(); });
}

void FeedHost::spend_allowance() {
  const std::uint64_t held = payload_bytes();
  {
    const std::lock_guard lock(mutex_);
    if (!allowance_ || paused_ || held <= allowance_from_ + *allowance_) return;
    paused_ = true;
  }
  apply_wants();
}

Result<feed::Pruned> FeedHost::prune(const std::vector<BlockIndex>& blocks) {
  SHOAL_TRY(const feed::Pruned pruned, log_->prune(blocks));
  {
    // Room that the disk has not given back yet is none: only the next allowance counts it.
    const std::lock_guard lock(mutex_);
    allowance_from_ -= std::min(allowance_from_, pruned.bytes);
  }
  if (pruned.newest_append_time && parts_.online) {
    post([this] { replicator_->on_pruned(); });
  }
  return pruned;
}

std::shared_ptr<FeedHost::Reading> FeedHost::begin_reading(std::uint64_t cache_bytes) {
  auto reading = std::make_shared<Reading>();
  reading->cache_bytes = cache_bytes;
  const std::lock_guard lock(mutex_);
  std::erase_if(readings_, [](const auto& one) { return one.expired(); });
  readings_.push_back(reading);
  return reading;
}

void FeedHost::note_read(const std::shared_ptr<Reading>& reading, BlockIndex read_to) {
  if (own()) return;
  {
    const std::lock_guard lock(mutex_);
    reading->read_to = std::max(reading->read_to, read_to);
    if (reading->cache_bytes == 0 || trimming_ || mirror_options_) return;
    trimming_ = true;
  }
  post([this] { trim(); });
}

std::optional<FeedHost::Reading> FeedHost::cache_bound() {
  const std::lock_guard lock(mutex_);
  trimming_ = false;
  std::optional<Reading> bound;
  for (const auto& one : readings_) {
    const auto reading = one.lock();
    if (!reading) continue;
    if (reading->cache_bytes == 0) return std::nullopt;
    if (!bound) {
      bound = *reading;
    } else {
      bound->read_to = std::min(bound->read_to, reading->read_to);
      bound->cache_bytes = std::max(bound->cache_bytes, reading->cache_bytes);
    }
  }
  return bound;
}

void FeedHost::trim() {
  const auto bound = cache_bound();
  if (!bound || closed()) return;
  std::uint64_t held = payload_bytes();
  if (held <= bound->cache_bytes) return;
  feed::OldestPayloads oldest(reader_);
  std::vector<BlockIndex> blocks;
  while (held > bound->cache_bytes && blocks.size() < kStep) {
    const auto next = oldest.peek();
    if (!next || !*next || (*next)->block >= bound->read_to) break;
    held -= std::min<std::uint64_t>(held, (*next)->bytes);
    blocks.push_back((*next)->block);
    oldest.pop();
  }
  if (blocks.empty()) return;
  const auto pruned = prune(blocks);
  if (!pruned) {
    parts_.log->log(base::LogLevel::error, "feed", pruned.error().message);
    return;
  }
  if (unreclaimed_ == 0) unreclaimed_span_ = pruned->span;
  unreclaimed_span_ = {std::min(unreclaimed_span_.begin, pruned->span.begin),
                       std::max(unreclaimed_span_.end, pruned->span.end)};
  unreclaimed_ += pruned->bytes;
  if (unreclaimed_ < std::max(kReclaimStep, bound->cache_bytes / 8)) return;
  unreclaimed_ = 0;
  if (const auto done = log_->reclaim(unreclaimed_span_); !done) {
    parts_.log->log(base::LogLevel::error, "feed", done.error().message);
  }
}

}  // namespace shoal::node
