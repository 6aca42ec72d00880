#include "swarm/announce_schedule.h"

#include <algorithm>

namespace shoal::swarm {

void AnnounceSchedule::add(const crypto::Digest& feed, base::MonoTime now) { entries_[feed] = Entry{now}; }

void AnnounceSchedule::remove(const crypto::Digest& feed) { entries_.erase(feed); }

void AnnounceSchedule::found_peer(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found != entries_.end()) found->second = Entry{now + kSettledInterval, kSettledInterval};
}

void AnnounceSchedule::lost_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found != entries_.end()) found->second = Entry{now};
}

void AnnounceSchedule::restart(base::MonoTime now) {
  for (auto& [feed, entry] : entries_) entry = Entry{now};
}

std::optional<crypto::Digest> AnnounceSchedule::next(base::MonoTime now) {
  if (last_ != base::MonoTime::min() && now - last_ < kPace) return std::nullopt;
  const auto first = std::min_element(entries_.begin(), entries_.end(),
                                      [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
  if (first == entries_.end() || first->second.due > now) return std::nullopt;
  Entry& entry = first->second;
  entry.due = now + entry.interval;
  if (entry.interval < kLookingIntervalMax) entry.interval = std::min(entry.interval * 2, kLookingIntervalMax);
  last_ = now;
  return first->first;
}

}  // namespace shoal::swarm
