#pragma once

#include "merkle/subtree_cover.h"
#include "replication/replicator.h"

namespace shoal::replication::testing {

/// Leaves one block out of every run, and covers it with hashes as if it had not been asked for.
class LeavesOut final : public Outbox {
 public:
  LeavesOut(std::shared_ptr<Outbox> to, const merkle::HashReader& tree, BlockIndex block)
      : to_(std::move(to)), tree_(tree), block_(block) {}
  void send(Message message) override {
    auto* data = std::get_if<Data>(&message.body);
    const auto is_it = [&](const DataBlock& one) { return one.index == block_; };
    if (data != nullptr && std::erase_if(data->blocks, is_it) > 0) {
      if (data->blocks.empty()) return;
      std::vector<std::uint64_t> indices;
      for (const DataBlock& block : data->blocks) indices.push_back(block.index.value());
      data->cover = merkle::build_cover(tree_, data->base, data->tree_size, indices).value();
    }
    to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }

 private:
  std::shared_ptr<Outbox> to_;
  const merkle::HashReader& tree_;
  BlockIndex block_;
};

}  // namespace shoal::replication::testing
