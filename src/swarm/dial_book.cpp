#include "swarm/dial_book.h"

#include <algorithm>

namespace shoal::swarm {

void DialBook::add(const crypto::Digest& feed, const std::string& address, Source source, base::MonoTime now) {
  Entry& entry = entries_[feed];
  const auto known = entry.addresses.find(address);
  if (known == entry.addresses.end() && entry.addresses.size() >= kMaxAddresses) return;
  if (known == entry.addresses.end()) {
    entry.addresses.emplace(address, source);
  } else if (source == Source::named) {
    known->second = source;
  }
  begin_again(feed, entry, now);
}

void DialBook::remove(const crypto::Digest& feed) {
  entries_.erase(feed);
  due_.erase(feed);
}

void DialBook::found_peer(const crypto::Digest& feed, base::MonoTime now) {
  Entry& entry = entries_[feed];
  entry.has_peer = true;
  entry.wants_more = false;
  entry.connected_interval = kConnectedInterval;
  if (has_named(entry)) {
    due_.set(feed, now + kConnectedInterval);
  } else {
    due_.erase(feed);
  }
}

void DialBook::lost_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end()) return;
  found->second.has_peer = false;
  // A peer that connects and leaves at once must not cause a dial each time.
  const auto dialled = found->second.dialled;
  begin_again(feed, found->second, dialled ? std::max(now, *dialled + kLonelyInterval / 2) : now);
}

void DialBook::need_peers(const crypto::Digest& feed, base::MonoTime now) {
  const auto found = entries_.find(feed);
  if (found == entries_.end() || found->second.addresses.empty()) return;
  Entry& entry = found->second;
  entry.wants_more = true;
  const base::MonoTime soonest = entry.dialled ? std::max(now, *entry.dialled + kNeedPace) : now;
  due_.set(feed, std::min(due_.due(feed).value_or(soonest), soonest));
}

void DialBook::restart(base::MonoTime now) {
  for (auto& [feed, entry] : entries_) begin_again(feed, entry, now);
}

std::optional<DialBook::Dial> DialBook::next(base::MonoTime now) {
  if (last_ && now - *last_ < kPace) return std::nullopt;
  const auto feed = due_.first(now);
  if (!feed) return std::nullopt;
  Entry& entry = entries_.find(*feed)->second;
  Dial dial{*feed, {}};
  for (const auto& [address, source] : entry.addresses) {
    if (dials(entry, source)) dial.addresses.push_back(address);
  }
  entry.wants_more = false;
  entry.dialled = now;
  last_ = now;
  if (entry.has_peer && !has_named(entry)) {
    due_.erase(*feed);
  } else {
    due_.set(*feed, now + interval_after(entry));
  }
  return dial;
}

std::optional<base::MonoTime> DialBook::wake_at() const {
  const auto due = due_.next_due();
  if (!due) return std::nullopt;
  return last_ ? std::max(*due, *last_ + kPace) : *due;
}

bool DialBook::dials(const Entry& entry, Source source) {
  return source == Source::named || !entry.has_peer || entry.wants_more;
}

bool DialBook::has_named(const Entry& entry) {
  return std::any_of(entry.addresses.begin(), entry.addresses.end(),
                     [](const auto& address) { return address.second == Source::named; });
}

base::MonoTime DialBook::interval_after(Entry& entry) {
  if (entry.has_peer) {
    const base::MonoTime interval = entry.connected_interval;
    entry.connected_interval = std::min(interval * 2, kIntervalMax);
    return interval;
  }
  ++entry.tries;
  const base::MonoTime longest = has_named(entry) ? kLonelyIntervalMax : kIntervalMax;
  base::MonoTime interval = kLonelyInterval;
  for (int i = kLonelyTries; i < entry.tries && interval < longest; ++i) interval *= 2;
  return std::min(interval, longest);
}

void DialBook::begin_again(const crypto::Digest& feed, Entry& entry, base::MonoTime due) {
  entry.tries = 0;
  entry.connected_interval = kConnectedInterval;
  const bool any = !entry.addresses.empty() && (!entry.has_peer || has_named(entry));
  if (any) due_.set(feed, due);
}

}  // namespace shoal::swarm
