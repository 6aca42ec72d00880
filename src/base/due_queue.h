#pragma once

#include "base/clock.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace shoal::base {

/// A priority queue of timers: keys, each with the time at which it is due; keys of one time in the order of the keys.
/// set(), erase() and due() take logarithmic time, the others constant time. Owns copies of its keys. Confined to its
/// caller.
template <typename Key>
class DueQueue {
 public:
  /// Adds the key, or changes the time of one that is there.
  void set(const Key& key, MonoTime due) {
    const auto [entry, fresh] = due_.try_emplace(key, due);
    if (!fresh) {
      if (entry->second == due) return;
      order_.erase({entry->second, key});
      entry->second = due;
    }
    order_.insert({due, key});
  }

  /// Without effect on a key that is not there.
  void erase(const Key& key) {
    const auto entry = due_.find(key);
    if (entry == due_.end()) return;
    order_.erase({entry->second, key});
    due_.erase(entry);
  }

  /// When this key is due; nullopt when it is not there.
  [[nodiscard]] std::optional<MonoTime> due(const Key& key) const {
    const auto entry = due_.find(key);
    return entry == due_.end() ? std::nullopt : std::optional(entry->second);
  }

  /// The earliest due time; nullopt when the queue is empty.
  [[nodiscard]] std::optional<MonoTime> next_due() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

  /// The key with the earliest due time, if that is `now` or earlier; nullopt otherwise. The key stays in the queue.
  [[nodiscard]] std::optional<Key> first(MonoTime now) const {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    return order_.begin()->second;
  }

  [[nodiscard]] std::size_t size() const { return due_.size(); }

 private:
  std::set<std::pair<MonoTime, Key>> order_;
  std::map<Key, MonoTime> due_;
};

}  // namespace shoal::base
