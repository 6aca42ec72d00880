#pragma once

#include "simulation/meter.h"

namespace shoal::simulation::gossip {

/// Counts what a modelled run costs, in blocks of one unit; a block belongs to the stage that published it.
class GossipMeter {
 public:
  void begin_stage(std::string name, base::MonoTime now) {
    stages_.emplace_back();
    stages_.back().name = std::move(name);
    stages_.back().began = now;
  }
  void published(base::MonoTime now) {
    blocks_.push_back({stages_.size() - 1, now});
    ++stages_.back().published;
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(blocks_.size()); }
  [[nodiscard]] base::MonoTime published_at(std::uint32_t block) const { return blocks_[block].at; }
  /// Blocks [from, to) went out to a node that is up.
  void sent(bool by_owner, bool pushed, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t block = from; block < to; ++block) {
      Stage& of = stages_[blocks_[block].stage];
      ++of.sent;
      if (pushed) ++of.pushed;
      if (by_owner) ++of.producer_payload;
    }
  }
  void delivered(std::uint32_t block, bool live, std::uint8_t hops, base::MonoTime now) {
    Stage& of = stages_[blocks_[block].stage];
    ++of.delivered;
    if (!live) return;
    of.seconds.push_back(std::chrono::duration<double>(now - blocks_[block].at).count());
    of.hops.push_back(hops);
  }
  void control(std::size_t bytes) { stages_.back().control += bytes; }
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }
  [[nodiscard]] const Stage& stage() const { return stages_.back(); }

 private:
  struct Block {
    std::size_t stage = 0;
    base::MonoTime at{0};
  };
  std::vector<Stage> stages_;
  std::vector<Block> blocks_;
};

}  // namespace shoal::simulation::gossip
