#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// What an honest node says that it holds, it holds: of its own `have` messages each range is there, and *complete*
/// means that no header is missing. Others count on it when they choose whom to ask, and an owner when it gives a block
/// once.
class TruthfulHave final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "truthful have"; }

  void on_said(NodeIndex node, const replication::Have& have, const feed::FeedReader& reader) override {
    const std::optional<feed::Checkpoint> head = reader.head();
    if (have.complete && (!head || reader.header_prefix() < head->tree_size)) {
      fail("node " + std::to_string(node) + " says that it is complete and lacks headers");
    }
    // Looking at every block of every message would take most of the run.
    if (++said_ % 16 != 0) return;
    for (const feed::BlockRange& range : have.ranges) {
      for (const BlockIndex block : {range.begin, BlockIndex{range.end.value() - 1}}) {
        if (reader.payload(block)) continue;
        return fail("node " + std::to_string(node) + " says that it holds block " + std::to_string(block.value()));
      }
    }
  }

 private:
  std::uint64_t said_ = 0;
};

}  // namespace shoal::simulation
