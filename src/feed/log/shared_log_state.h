#pragma once

#include "feed/log/log_state.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace shoal::feed {

/// The state of one log and its lock: readers of any thread beside one changing thread. Of the floors above the store
/// only this one has a lock below node/: a snapshot per commit would copy the topic state (up to 65,536 entries) and
/// the run lists each time (docs/adr/0006). It is held for look-ups in memory, never across a store access.
class SharedLogState {
 public:
  explicit SharedLogState(LogState state) : state_(std::move(state)) {}

  /// Any thread: `look(const LogState&)` under the shared lock; it must neither block nor keep references.
  template <typename Look>
  auto inspect(Look look) const {
    const std::shared_lock lock(mutex_);
    return look(static_cast<const LogState&>(state_));
  }

  /// The changing thread: reads without the lock, because nobody else changes anything.
  [[nodiscard]] const LogState& unlocked() const { return state_; }
  /// The changing thread: `change(LogState&)` while nobody reads.
  template <typename Change>
  void change(Change change) {
    const std::unique_lock lock(mutex_);
    change(state_);
  }

 private:
  mutable std::shared_mutex mutex_;
  LogState state_;
};

}  // namespace shoal::feed
