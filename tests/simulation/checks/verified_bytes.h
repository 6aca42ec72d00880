#pragma once

#include "simulation/checks/check.h"

#include <map>
#include <set>

namespace shoal::simulation {

/// Invariant 1: no unverified byte is stored or delivered. Whatever an honest follower hands on, and all that it holds
/// in the end, is what the producer published.
class VerifiedBytes final : public Check {
 public:
  explicit VerifiedBytes(const feed::FeedReader& truth) : truth_(truth) {}
  [[nodiscard]] const char* name() const override { return "verified bytes"; }

  void on_delivered(NodeIndex node, BlockIndex block, const Bytes& header, const Bytes& payload) override {
    const Published* truth = published(block);
    if (truth == nullptr || header != truth->header || payload != truth->payload) {
      return fail("node " + std::to_string(node) + " delivered other bytes as block " + std::to_string(block.value()));
    }
    seen_[node].insert(block);
  }
  void at_rest(const feed::FeedReader&, const std::vector<FollowerState>& followers) override {
    for (const FollowerState& one : followers) {
      if (one.reader != nullptr) look_through(one.node, *one.reader);
    }
  }

 private:
  struct Published {
    Bytes header;
    Bytes payload;
  };

  /// What was read from the store once, to hand it on or here, is not read again.
  void look_through(NodeIndex node, const feed::FeedReader& reader) {
    for (const feed::BlockRange& run : reader.held_payloads()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) {
        if (!seen_[node].insert(block).second) continue;
        const Result<Bytes> held = reader.payload(block);
        const Published* truth = published(block);
        if (held && truth != nullptr && *held == truth->payload) continue;
        return fail("node " + std::to_string(node) + " holds other bytes as block " + std::to_string(block.value()));
      }
    }
  }
  /// Read from the producer's log once: each reading hashes the payload.
  const Published* published(BlockIndex block) {
    const auto [at, fresh] = published_.try_emplace(block);
    if (fresh) {
      Result<Bytes> header = truth_.header_bytes(block);
      Result<Bytes> payload = truth_.payload(block);
      if (!header || !payload) {
        published_.erase(at);
        return nullptr;
      }
      at->second = {std::move(*header), std::move(*payload)};
    }
    return &at->second;
  }

  const feed::FeedReader& truth_;
  std::map<BlockIndex, Published> published_;
  std::map<NodeIndex, std::set<BlockIndex>> seen_;
};

}  // namespace shoal::simulation
