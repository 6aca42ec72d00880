#pragma once

#include "topic/topic_filter.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace shoal::node {

/// What the handles of one feed want fetched: one entry for each subscription, and one for the mirror. FeedFollow makes
/// their sum into what the replicator follows. Pure state; thread-safe.
class FeedWants {
 public:
  /// What one handle wants.
  struct Want {
    topic::TopicFilter filter;
    bool everything = true;
    bool in_order = true;  ///< somebody reads what comes; a mirror does not
  };
  /// The want ends with the last copy. May outlive the FeedWants.
  using Handle = std::shared_ptr<void>;

  /// `on_changed` is called without a lock after each want that begins or ends, by the thread that did it.
  explicit FeedWants(std::function<void()> on_changed);

  [[nodiscard]] Handle add(Want want);

  /// All wants at one moment.
  struct Sum {
    std::vector<topic::TopicFilter> filters;
    bool everything = false;   ///< one of them wants everything
    bool in_order = false;     ///< one of them is read in order
    std::uint64_t change = 0;  ///< for set_applied()

    [[nodiscard]] bool empty() const { return filters.empty(); }
    /// One of them selects topics by a pattern, and none wants everything.
    [[nodiscard]] bool has_patterns() const;
  };
  [[nodiscard]] Sum sum() const;

  /// The replicator follows the wants as they were at `change`.
  void set_applied(std::uint64_t change);
  /// It follows them as they are now.
  [[nodiscard]] bool applied() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< handles refer to it weakly
};

}  // namespace shoal::node
