#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Invariant 1: no unverified byte is stored or delivered. Whatever an honest follower hands on, and all that it holds
/// in the end, is what the producer published.
class VerifiedBytes final : public Check {
 public:
  explicit VerifiedBytes(const feed::FeedReader& truth) : truth_(truth) {}
  [[nodiscard]] const char* name() const override { return "verified bytes"; }

  void on_delivered(NodeIndex node, BlockIndex block, const Bytes& header, const Bytes& payload) override {
    const Result<Bytes> true_header = truth_.header_bytes(block);
    const Result<Bytes> true_payload = truth_.payload(block);
    if (!true_header || !true_payload || header != *true_header || payload != *true_payload) {
      fail("node " + std::to_string(node) + " delivered other bytes as block " + std::to_string(block.value()));
    }
  }
  void at_rest(const feed::FeedReader&, const std::vector<FollowerState>& followers) override {
    for (const FollowerState& one : followers) {
      if (one.reader != nullptr) look_through(one.node, *one.reader);
    }
  }

 private:
  void look_through(NodeIndex node, const feed::FeedReader& reader) {
    for (const feed::BlockRange& run : reader.held_payloads()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) {
        const Result<Bytes> held = reader.payload(block);
        const Result<Bytes> published = truth_.payload(block);
        if (held && published && *held == *published) continue;
        return fail("node " + std::to_string(node) + " holds other bytes as block " + std::to_string(block.value()));
      }
    }
  }
  const feed::FeedReader& truth_;
};

}  // namespace shoal::simulation
