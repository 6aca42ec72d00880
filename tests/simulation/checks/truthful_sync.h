#pragma once

#include "simulation/checks/check.h"

#include <map>

namespace shoal::simulation {

/// Invariant 12: a reader can say how old its view is and whether it is complete. Who says that it is synced at a head
/// holds every block under it, and the head is one that the producer signed, with its time: no clock but the producer's
/// goes into the age.
class TruthfulSync final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "truthful sync"; }

  void on_signed(const feed::Checkpoint& head) override { signed_[head.tree_size] = head; }
  void on_synced(NodeIndex node, const feed::Checkpoint& head, const feed::FeedReader& reader) override {
    const std::string who = "node " + std::to_string(node);
    if (reader.block_prefix() < head.tree_size) {
      fail(who + " says that it is synced at " + std::to_string(head.tree_size) + " and holds " +
           std::to_string(reader.block_prefix()));
    }
    const auto known = signed_.find(head.tree_size);
    if (known == signed_.end() || known->second != head) fail(who + " is synced at a head that nobody signed");
  }

 private:
  std::map<std::uint64_t, feed::Checkpoint> signed_;
};

}  // namespace shoal::simulation
