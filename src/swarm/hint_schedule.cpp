#include "swarm/hint_schedule.h"

#include <algorithm>

namespace shoal::swarm {

void HintSchedule::add(const FeedId& feed, base::MonoTime now) {
  if (!entries_.try_emplace(feed).second) return;
  due_.set(feed, now + kFirst);
}

void HintSchedule::remove(const FeedId& feed) {
  entries_.erase(feed);
  due_.erase(feed);
}

void HintSchedule::changed(const FeedId& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  const base::MonoTime soonest = found->second.done ? std::max(now, *found->second.done + kChanged) : now;
  due_.set(feed, std::min(due_.due(feed).value_or(soonest), soonest));
}

void HintSchedule::lonely(const FeedId& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  found->second.interval = kLonely;
  due_.set(feed, std::min(due_.due(feed).value_or(now + kLonely), now + kLonely));
}

std::optional<FeedId> HintSchedule::next(base::MonoTime now) {
  if (last_ && now - *last_ < pace_) return std::nullopt;
  const auto feed = due_.first(now);
  if (!feed) return std::nullopt;
  // In case done() is never called.
  due_.set(*feed, now + kStored);
  last_ = now;
  return feed;
}

void HintSchedule::done(const FeedId& feed, Need need, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const bool first = !entry.done;
  entry.done = now;
  if (need == Need::look) {
    due_.set(feed, now + entry.interval);
    entry.interval = std::min(entry.interval * 2, kLonelyMax);
    return;
  }
  entry.interval = kLonely;
  if (first) return due_.set(feed, now + kConfirm);
  const auto quarter = static_cast<std::uint64_t>((kStored / 4).count());
  due_.set(feed, now + kStored - kStored / 4 + base::MonoTime(static_cast<std::int64_t>(random_->below(2 * quarter))));
}

std::optional<base::MonoTime> HintSchedule::wake_at() const {
  const auto due = due_.next_due();
  if (!due) return std::nullopt;
  return last_ ? std::max(*due, *last_ + pace_) : *due;
}

}  // namespace shoal::swarm
