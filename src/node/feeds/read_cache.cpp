#include "node/feeds/read_cache.h"

#include "feed/read/prune_order.h"
#include "node/feeds/payload_bytes.h"

#include <algorithm>
#include <cstddef>

namespace shoal::node {
namespace {

/// Payloads dropped in one step: bounds how long the strand is busy with it.
constexpr std::size_t kStep = 4096;
/// Giving disk back is a compaction, so at least this much is dropped before each.
constexpr std::uint64_t kReclaimStep = std::uint64_t{4} << 20;

}  // namespace

std::shared_ptr<ReadCache::Reading> ReadCache::begin(std::uint64_t cache_bytes) {
  auto reading = std::make_shared<Reading>();
  reading->cache_bytes = cache_bytes;
  const std::lock_guard lock(mutex_);
  std::erase_if(readings_, [](const auto& one) { return one.expired(); });
  readings_.push_back(reading);
  return reading;
}

bool ReadCache::has_readers() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(readings_.begin(), readings_.end(), [](const auto& reading) { return !reading.expired(); });
}

void ReadCache::advance(const std::shared_ptr<Reading>& reading, BlockIndex read_to) {
  const bool may_trim = reading->cache_bytes > 0 && context_.may_trim();
  {
    const std::lock_guard lock(mutex_);
    reading->read_to = std::max(reading->read_to, read_to);
    if (!may_trim || trim_planned_) return;
    trim_planned_ = true;
  }
  context_.strand->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->trim();
  });
}

std::optional<ReadCache::Reading> ReadCache::bound() const {
  const std::lock_guard lock(mutex_);
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

std::vector<BlockIndex> ReadCache::surplus(const Reading& bound) const {
  std::vector<BlockIndex> blocks;
  std::uint64_t held = payload_bytes(*context_.log);
  if (held <= bound.cache_bytes) return blocks;
  feed::OldestPayloads oldest(reader_);
  while (held > bound.cache_bytes && blocks.size() < kStep) {
    const auto next = oldest.peek();
    if (!next || !*next || (*next)->block >= bound.read_to) break;
    held -= std::min<std::uint64_t>(held, (*next)->bytes);
    blocks.push_back((*next)->block);
    oldest.pop();
  }
  return blocks;
}

void ReadCache::trim() {
  {
    const std::lock_guard lock(mutex_);
    trim_planned_ = false;
  }
  const auto bound = this->bound();
  if (!bound || !context_.may_trim()) return;
  const std::vector<BlockIndex> blocks = surplus(*bound);
  if (blocks.empty()) return;
  const auto pruned = context_.prune(blocks);
  if (!pruned) return context_.sink->log(base::LogLevel::error, "feed", pruned.error().message);
  if (unreclaimed_bytes_ == 0) unreclaimed_span_ = pruned->span;
  unreclaimed_span_ = {std::min(unreclaimed_span_.begin, pruned->span.begin),
                       std::max(unreclaimed_span_.end, pruned->span.end)};
  unreclaimed_bytes_ += pruned->bytes;
  if (unreclaimed_bytes_ < std::max(kReclaimStep, bound->cache_bytes / 8)) return;
  unreclaimed_bytes_ = 0;
  if (const auto done = context_.log->reclaim(unreclaimed_span_); !done) {
    context_.sink->log(base::LogLevel::error, "feed", done.error().message);
  }
}

}  // namespace shoal::node
