#include "swarm/announce_schedule.h"

#include <algorithm>

namespace shoal::swarm {

void AnnounceSchedule::add(const crypto::Digest& feed, base::MonoTime now) {
  Entry entry;
  entry.due = now;
  entries_[feed] = entry;
}

void AnnounceSchedule::remove(const crypto::Digest& feed) { entries_.erase(feed); }

void AnnounceSchedule::found_peer(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  // One that found us before its own first announcement still has to be told to the others.
  if (entry.announced) entry.due = now + kSettledInterval;
  entry.interval = kSettledInterval;
}

void AnnounceSchedule::lost_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found != entries_.end()) look_again(found->second, now);
}

void AnnounceSchedule::restart(base::MonoTime now) {
  for (auto& [feed, entry] : entries_) {
    entry.due = std::min(entry.due, now);
    if (entry.interval < kSettledInterval) entry.interval = kLookingInterval;
  }
}

std::optional<crypto::Digest> AnnounceSchedule::next(base::MonoTime now) {
  if (last_ && now - *last_ < kPace) return std::nullopt;
  const auto first = std::min_element(entries_.begin(), entries_.end(),
                                      [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
  if (first == entries_.end() || first->second.due > now) return std::nullopt;
  Entry& entry = first->second;
  entry.announced = now;
  entry.due = now + entry.interval;
  if (entry.interval < kLookingIntervalMax) entry.interval = std::min(entry.interval * 2, kLookingIntervalMax);
  last_ = now;
  return first->first;
}

void AnnounceSchedule::look_again(Entry& entry, base::MonoTime now) {
  // A peer that comes and goes at once (ourselves, a stranger) must not become a stream of announcements.
  entry.due = entry.announced ? std::max(now, *entry.announced + kSameFeedPace) : now;
  entry.interval = kLookingInterval;
}

}  // namespace shoal::swarm
