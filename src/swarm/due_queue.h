#pragma once

#include "base/clock.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace shoal::swarm {

/// Keys, each with the time at which it is due. Changes and look-ups take logarithmic time. Confined to its caller.
template <typename Key>
class DueQueue {
 public:
  /// Moves the key when it is there already.
  void set(const Key& key, base::MonoTime due) {
    const auto [entry, fresh] = due_.try_emplace(key, due);
    if (!fresh) {
      if (entry->second == due) return;
      order_.erase({entry->second, key});
      entry->second = due;
    }
    order_.insert({due, key});
  }

  void erase(const Key& key) {
    const auto entry = due_.find(key);
    if (entry == due_.end()) return;
    order_.erase({entry->second, key});
    due_.erase(entry);
  }

  [[nodiscard]] std::optional<base::MonoTime> due(const Key& key) const {
    const auto entry = due_.find(key);
    return entry == due_.end() ? std::nullopt : std::optional(entry->second);
  }

  /// When the first of all is due; nullopt when there is none.
  [[nodiscard]] std::optional<base::MonoTime> next_due() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

  /// The first of all when its time has come; it stays.
  [[nodiscard]] std::optional<Key> first(base::MonoTime now) const {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    return order_.begin()->second;
  }

  [[nodiscard]] std::size_t size() const { return due_.size(); }

 private:
  std::set<std::pair<base::MonoTime, Key>> order_;
  std::map<Key, base::MonoTime> due_;
};

}  // namespace shoal::swarm
