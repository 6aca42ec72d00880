#pragma once

#include "feed/log/stored_blocks.h"
#include "feed/log/watermark.h"

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
  bool stored = false;        ///< the payload's row is there already
  bool heals_header = false;  ///< the header is held, and its row is damaged
};

/// What a stage hands to the commit: the rows to write, and what readers see once they are written.
struct LogChange {
  /// One block that the topic state was stepped over.
  struct Step {
    BlockHeader header;
    BlockIndex index{0};
    std::optional<Manifest> manifest;
  };

  store::WriteBatch rows;
  TreeTail tail;
  std::unique_ptr<TopicState> topics;
  std::uint64_t applied = 0;                           ///< blocks that `topics` has stepped over
  std::vector<Step> steps;                             ///< those of this change, in order
  std::vector<std::uint64_t> headers;                  ///< blocks whose header is new
  std::vector<std::uint64_t> payloads;                 ///< blocks whose payload is new
  std::map<std::uint32_t, PartitionState> partitions;  ///< new and changed ones, by number
  std::map<TopicPartition, std::uint32_t> numbers;     ///< new ones
  ReachedOffsets reached;  ///< new payloads beyond the watermarks, of all changed partitions
};

/// Collects what the next commit will write and show: rows, and the tree and topic state as they will be. FeedLog makes
/// it, one at a time, on the changing thread; dropping it uncommitted leaves the log as it was. After an error drop it.
class LogStage {
 public:
  /// `blocks` and `state` are those of the log; `topics` equals state.topics and is stepped on.
  LogStage(const StoredBlocks& blocks, const LogState& state, std::unique_ptr<TopicState> topics);

  /// Adds a block whose header is not held (or only its payload when it is), then advances when it continues the
  /// prefix. Code::unverified when the header contradicts the topic state.
  [[nodiscard]] Result<void> add(const LogBlock& block);
  /// Remembers the root of a perfect subtree that reaches beyond the header prefix.
  void add_node(const merkle::NodeId& node, const Digest& hash);
  void learn(const LearnedEntry& entry);
  /// Steps over held headers that now continue the prefix, at most kMaxAdvance of them.
  [[nodiscard]] Result<void> advance();
  /// Headers beyond the applied prefix must fit their held neighbours and the learned entries: check_chain().
  [[nodiscard]] Result<void> check_chains() const;
  /// Once all blocks of `target` are stepped over, their topic state must be the one that it signs. Code::unverified.
  [[nodiscard]] Result<void> check_topics(const Checkpoint& target) const;

  /// As they will be after the commit.
  [[nodiscard]] const TopicState& topics() const { return *change_.topics; }
  [[nodiscard]] const merkle::RightEdge& edge() const { return change_.tail.edge(); }
  [[nodiscard]] std::uint64_t applied() const { return change_.applied; }
  [[nodiscard]] std::size_t new_headers() const { return change_.headers.size(); }
  [[nodiscard]] std::size_t new_payloads() const { return change_.payloads.size(); }

  /// True for a stage of this log.
  [[nodiscard]] bool is_of(const StoredBlocks& blocks) const { return blocks_ == &blocks; }
  /// Adds the rows of partitions, held sets and summary: the last call, by the commit.
  [[nodiscard]] LogChange finish() &&;

  /// Stored headers that one commit steps over: bounds its memory.
  static constexpr std::size_t kMaxAdvance = 4096;

 private:
  struct Fresh {
    BlockHeader header;
    std::optional<Digest> leaf;  ///< set when the header itself is new
    std::optional<ByteView> payload;
  };

  [[nodiscard]] store::FeedNumber feed() const { return blocks_->rows().number; }
  /// The number of a partition that is held or new.
  [[nodiscard]] std::optional<std::uint32_t> number_of(const TopicPartition& stream) const;
  struct Numbered {
    store::TopicNumber number;
    PartitionState* partition;  ///< as it will be
  };
  [[nodiscard]] Result<Numbered> change_partition(const TopicPartition& stream);
  void add_header(const LogBlock& block, const Numbered& of);
  void add_payload(const LogBlock& block, const Numbered& of);
  [[nodiscard]] Result<void> advance_tree();
  [[nodiscard]] Result<void> step_topics();
  [[nodiscard]] Result<std::optional<Manifest>> manifest_at(BlockIndex block) const;
  [[nodiscard]] Result<void> number_changed_topics();

  const StoredBlocks* blocks_;
  const LogState* held_;
  LogChange change_;
  std::size_t advanced_ = 0;  // stored headers stepped over so far
  std::map<std::uint64_t, Fresh> fresh_;
};

}  // namespace shoal::feed
