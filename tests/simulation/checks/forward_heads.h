#pragma once

#include "simulation/checks/check.h"

#include <map>

namespace shoal::simulation {

/// Invariant 4: a follower's head never goes back, across its restarts too, and is one that the producer signed.
class ForwardHeads final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "heads only forward"; }

  void on_head(NodeIndex node, const feed::Checkpoint& head) override {
    const auto [last, first] = last_.try_emplace(node, head);
    if (!first && (head.tree_size < last->second.tree_size || head.time < last->second.time)) {
      fail("node " + std::to_string(node) + " went from size " + std::to_string(last->second.tree_size) + " to " +
           std::to_string(head.tree_size));
    }
    last->second = head;
    const auto [known, fresh] = roots_.try_emplace(head.tree_size, head.root);
    if (!fresh && known->second != head.root) fail("two roots at size " + std::to_string(head.tree_size));
  }
  void at_rest(const feed::FeedReader& truth, const std::vector<FollowerState>&) override {
    const std::optional<feed::Checkpoint> head = truth.head();
    const auto known = roots_.find(head ? head->tree_size : 0);
    if (known != roots_.end() && known->second != head->root) fail("the root at rest is not the producer's");
  }

 private:
  std::map<NodeIndex, feed::Checkpoint> last_;
  std::map<std::uint64_t, crypto::Digest> roots_;
};

}  // namespace shoal::simulation
