#include "node/feeds/feed_wants.h"

#include <algorithm>
#include <utility>

namespace shoal::node {

struct FeedWants::State {
  std::function<void()> on_changed;
  mutable std::mutex mutex;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, Want> wants;
  std::uint64_t changes = 0;  ///< counts what was added and removed
  std::uint64_t applied = 0;  ///< the change that the replicator follows
};

FeedWants::FeedWants(std::function<void()> on_changed) : state_(std::make_shared<State>()) {
  state_->on_changed = std::move(on_changed);
}

FeedWants::Handle FeedWants::add(Want want) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    id = ++state_->last_id;
    state_->wants[id] = std::move(want);
    ++state_->changes;
  }
  state_->on_changed();
  struct Entry {
    std::weak_ptr<State> state;
    std::uint64_t id = 0;
  };
  return {new Entry{state_, id}, [](Entry* entry) {
            const std::unique_ptr<Entry> owned(entry);
            const auto state = owned->state.lock();
            if (!state) return;
            {
              const std::lock_guard lock(state->mutex);
              state->wants.erase(owned->id);
              ++state->changes;
            }
            state->on_changed();
          }};
}

bool FeedWants::Sum::has_patterns() const {
  return !everything && std::any_of(filters.begin(), filters.end(),
                                    [](const topic::TopicFilter& filter) { return !filter.names_only(); });
}

FeedWants::Sum FeedWants::sum() const {
  const std::lock_guard lock(state_->mutex);
  Sum sum;
  sum.change = state_->changes;
  for (const auto& [id, want] : state_->wants) {
    sum.everything = sum.everything || want.everything;
    sum.in_order = sum.in_order || want.in_order;
    sum.filters.push_back(want.filter);
  }
  return sum;
}

void FeedWants::set_applied(std::uint64_t change) {
  const std::lock_guard lock(state_->mutex);
  state_->applied = std::max(state_->applied, change);
}

bool FeedWants::applied() const {
  const std::lock_guard lock(state_->mutex);
  return state_->applied == state_->changes;
}

}  // namespace shoal::node
