#pragma once

#include "replication/wire/message.h"
#include "simulation/sim_network.h"
#include "simulation/trace.h"

#include <string>
#include <vector>

/// Counts what a run costs and how fast it delivers, by stage: a block belongs to the stage in which it was published.
namespace shoal::simulation {

struct Stage {
  std::string name;
  base::MonoTime began{0};
  std::uint64_t published = 0;         ///< payload bytes
  std::uint64_t producer_payload = 0;  ///< payload bytes that the producer sent of them
  std::uint64_t producer_bytes = 0;    ///< all bytes that the producer sent during the stage
  std::uint64_t sent = 0;              ///< payload bytes that went to honest followers that were up
  std::uint64_t pushed = 0;            ///< of sent, by live wants
  std::uint64_t delivered = 0;         ///< payload bytes that they took, each once
  std::uint64_t control = 0;           ///< bytes of messages without payload, during the stage
  std::vector<double> seconds;         ///< publishing to delivery, of followers that were live before
  std::vector<double> hops;
};

class Meter {
 public:
  static constexpr NodeIndex kProducer = 0;

  void begin_stage(std::string name, base::MonoTime now);
  [[nodiscard]] Stage& stage() { return stages_.back(); }
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }

  void published(std::size_t payload, base::MonoTime now);
  [[nodiscard]] base::MonoTime published_at(std::uint64_t block) const { return blocks_[block].at; }
  [[nodiscard]] std::size_t published_blocks() const { return blocks_.size(); }

  /// `counts`: the receiver is honest and up.
  void sent(NodeIndex from, NodeIndex to, const replication::Message& message, bool counts, base::MonoTime now);
  /// `live`: the follower was up to date when the block was published.
  void delivered(NodeIndex node, std::uint64_t block, std::size_t payload, bool live, base::MonoTime now);

  [[nodiscard]] std::uint64_t trace() const { return trace_.value(); }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  struct Block {
    std::size_t stage = 0;
    base::MonoTime at{0};
  };
  void carried(NodeIndex from, NodeIndex to, std::uint64_t block, std::size_t payload, bool counts, bool pushed);
  std::uint16_t& hops(NodeIndex node, std::uint64_t block);

  Trace trace_;
  std::uint64_t messages_ = 0;
  std::vector<Stage> stages_;
  std::vector<Block> blocks_;
  std::vector<std::vector<std::uint16_t>> hops_;  ///< by node and block, of the first copy sent to it; 0 unknown
};

}  // namespace shoal::simulation
