#include "swarm/announce_schedule.h"

#include <algorithm>

namespace shoal::swarm {

void AnnounceSchedule::add(const crypto::Digest& feed, base::MonoTime now) {
  remove(feed);
  entries_[feed] = {};
  ++looking_;
  due_.set(feed, now);
}

void AnnounceSchedule::remove(const crypto::Digest& feed) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  if (found->second.looking()) --looking_;
  if (found->second.counted) --announced_;
  entries_.erase(found);
  due_.erase(feed);
}

void AnnounceSchedule::found_peer(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  // A peer may find us before our first announcement: that one is still due, so that others find us.
  if (entry.announced) due_.set(feed, now + kConnectedInterval);
  set_interval(entry, kConnectedInterval);
}

void AnnounceSchedule::lost_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  // A peer that connects and leaves at once (ourselves, a stranger) must not cause an announcement each time.
  look_again(feed, found->second, now, kSameFeedPace);
  set_interval(found->second, kLookingInterval);
}

void AnnounceSchedule::need_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found != entries_.end()) look_again(feed, found->second, now, kNeedPace);
}

void AnnounceSchedule::restart(base::MonoTime now) {
  announced_ = 0;
  for (auto& [feed, entry] : entries_) {
    entry.counted = false;
    due_.set(feed, std::min(*due_.due(feed), now));
    if (entry.looking()) entry.interval = kLookingInterval;
  }
}

std::optional<crypto::Digest> AnnounceSchedule::next(base::MonoTime now) {
  if (last_ && now - *last_ < pace_) return std::nullopt;
  const auto first = due_.first(now);
  if (!first) return std::nullopt;
  Entry& entry = entries_.find(*first)->second;
  entry.announced = now;
  if (!entry.counted) ++announced_;
  entry.counted = true;
  due_.set(*first, now + entry.interval);
  if (entry.looking()) entry.interval = std::min(entry.interval * 2, looking_max());
  last_ = now;
  return first;
}

std::optional<base::MonoTime> AnnounceSchedule::wake_at() const {
  const auto due = due_.next_due();
  if (!due) return std::nullopt;
  return last_ ? std::max(*due, *last_ + pace_) : *due;
}

void AnnounceSchedule::look_again(const crypto::Digest& feed, Entry& entry, base::MonoTime now, base::MonoTime pace) {
  const base::MonoTime soonest = entry.announced ? std::max(now, *entry.announced + pace) : now;
  due_.set(feed, std::min(*due_.due(feed), soonest));
}

void AnnounceSchedule::set_interval(Entry& entry, base::MonoTime interval) {
  const bool before = entry.looking();
  entry.interval = interval;
  if (before && !entry.looking()) --looking_;
  if (!before && entry.looking()) ++looking_;
}

base::MonoTime AnnounceSchedule::looking_max() const {
  const base::MonoTime shared = kLookingLoad * static_cast<std::int64_t>(looking_);
  return std::clamp<base::MonoTime>(shared, kLookingIntervalMax, kConnectedInterval - kLookingLoad);
}

}  // namespace shoal::swarm
