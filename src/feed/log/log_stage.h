#pragma once

#include "feed/log/feed_log.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::feed {

/// A verified block on its way into the log. Views must live until the stage is committed.
struct LogBlock {
  BlockIndex index{0};
  BlockHeader header;  ///< decoded from header_bytes
  ByteView header_bytes;
  std::optional<ByteView> payload;
  bool stored = false;  ///< the payload's row is there already
};

/// What the next commit will write and show: rows, and the tree and topic state as they will be. One at a time, on the
/// log's changing thread; dropping it uncommitted leaves the log as it was. After an error drop it.
class LogStage {
 public:
  explicit LogStage(FeedLog& log);
  ~LogStage();
  LogStage(LogStage&&) noexcept = default;
  LogStage& operator=(LogStage&&) = delete;

  /// Adds a block whose header is not held (or only its payload when it is), then advances when it continues the
  /// prefix. Code::unverified when the header contradicts the topic state.
  [[nodiscard]] Result<void> add(const LogBlock& block);
  /// Remembers the root of a perfect subtree that reaches beyond the header prefix.
  void add_node(const merkle::NodeId& node, const Digest& hash);
  void learn(const LearnedEntry& entry);
  /// Steps over held headers that now continue the prefix, at most kMaxAdvance of them.
  [[nodiscard]] Result<void> advance();
  /// Headers beyond the applied prefix must fit their held neighbours and the learned entries (previous block, base
  /// offset, running largest time). Code::unverified.
  [[nodiscard]] Result<void> check_chains() const;

  /// As they will be after the commit.
  [[nodiscard]] const TopicState& topics() const { return *topics_; }
  [[nodiscard]] const merkle::RightEdge& edge() const { return tail_.edge(); }
  [[nodiscard]] std::uint64_t applied() const { return applied_; }
  [[nodiscard]] std::size_t new_headers() const { return new_headers_.size(); }
  [[nodiscard]] std::size_t new_payloads() const { return new_payloads_.size(); }

  /// Stored headers that one commit steps over: bounds its memory.
  static constexpr std::size_t kMaxAdvance = 4096;

 private:
  friend class FeedLog;

  struct Fresh {
    BlockHeader header;
    std::optional<Digest> leaf;  ///< set when the header itself is new
    std::optional<ByteView> payload;
  };
  struct Step {
    BlockHeader header;
    BlockIndex index{0};
    std::optional<Manifest> manifest;
  };

  [[nodiscard]] const LogState& held() const { return log_->state_; }
  [[nodiscard]] Result<PartitionState*> partition(const TopicPartition& stream);
  [[nodiscard]] Result<void> add_header(const LogBlock& block, PartitionState& partition, std::uint32_t number);
  void add_payload(const LogBlock& block, PartitionState& partition);
  [[nodiscard]] Result<bool> advance_tree();
  [[nodiscard]] Result<bool> step_topics();
  [[nodiscard]] Result<std::optional<Manifest>> manifest_at(BlockIndex block, const BlockHeader& header) const;
  [[nodiscard]] Result<void> number_changed_topics();
  [[nodiscard]] Result<void> check_stream(const TopicPartition& stream, const std::vector<BlockIndex>& blocks) const;
  /// Rows of partitions, held sets and summary; last thing before the write.
  void finish();

  FeedLog* log_;
  store::WriteBatch batch_;
  TreeTail tail_;
  std::uint64_t applied_;
  std::unique_ptr<TopicState> topics_;
  std::vector<Step> steps_;
  std::size_t advanced_ = 0;
  std::map<std::uint64_t, Fresh> fresh_;
  std::vector<std::uint64_t> new_headers_;
  std::vector<std::uint64_t> new_payloads_;
  std::map<std::uint32_t, PartitionState> touched_;  // by number
  std::map<TopicPartition, std::uint32_t> new_numbers_;
};

/// Notes in `partition` that `header` at `block` is held, and its payload too.
void note_header(PartitionState& partition, const BlockHeader& header, BlockIndex block);
void note_payload(PartitionState& partition, const BlockHeader& header);

}  // namespace shoal::feed
