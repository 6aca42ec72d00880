#pragma once

#include "feed/format/block.h"
#include "simulation/checks/check.h"

#include <map>

namespace shoal::simulation {

/// Invariant 8: in each partition the offsets that a follower hands on have no hole and none comes twice.
class GaplessOffsets final : public Check {
 public:
  [[nodiscard]] const char* name() const override { return "gapless offsets"; }

  void on_delivered(NodeIndex node, BlockIndex block, const Bytes& bytes, const Bytes&) override {
    const Result<feed::BlockHeader> header = feed::decode_header(bytes);
    if (!header) return fail("node " + std::to_string(node) + " delivered a block without a header");
    std::int64_t& next = next_[node][header->stream];
    if (header->base_offset.value() != next) {
      fail("node " + std::to_string(node) + " jumped from offset " + std::to_string(next) + " to " +
           std::to_string(header->base_offset.value()) + " at block " + std::to_string(block.value()));
    }
    next = header->base_offset.value() + header->record_count;
  }

 private:
  std::map<NodeIndex, std::map<TopicPartition, std::int64_t>> next_;
};

}  // namespace shoal::simulation
