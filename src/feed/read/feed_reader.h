#pragma once

#include "feed/log/feed_log.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::feed {

/// What a reader may say of one topic partition here and now.
struct TopicView {
  TopicPartition stream;
  Offset log_start{0};       ///< first readable offset after pruning
  Offset high_watermark{0};  ///< all from log_start up to here is verified and held
  Offset end{0};             ///< next offset in the signed topic state: the partition's true end
  std::optional<BlockIndex> last_block;
  UnixMs largest_time = kNoTime;
  std::uint64_t bytes = 0;  ///< payload bytes held
  /// Tree size for which `end` and `last_block` are the truth: the header prefix of a full holder, the size of the head
  /// under which the entry was last proven to a sparse one. No block of the partition lies in (last_block, known_to).
  std::uint64_t known_to = 0;
};

/// How a block is named to people: with its topic partition and its offsets.
[[nodiscard]] std::string describe_block(BlockIndex block, const BlockHeader& header);

/// Reads one feed: verified data only. Thread-safe; sees what is committed at the time of each call.
class FeedReader {
 public:
  explicit FeedReader(const FeedLog& log);

  [[nodiscard]] const FeedId& id() const;
  /// What it reads.
  [[nodiscard]] const FeedLog& log() const { return *log_; }
  /// Newest accepted head; nullopt before the first.
  [[nodiscard]] std::optional<Checkpoint> head() const;
  /// Right edge at the accepted head, when it is known (always for own feeds).
  [[nodiscard]] std::optional<merkle::RightEdge> head_edge() const;
  /// Proof that the owner forked, once found.
  [[nodiscard]] std::optional<Bytes> fork_proof() const;
  /// common_prefix_limit() of that proof: nothing from this block on is taken any more.
  [[nodiscard]] std::optional<std::uint64_t> fork_limit() const;

  /// What the owner signed and what contradicts itself, once found: nothing is taken any more.
  [[nodiscard]] std::optional<Contradiction> contradiction() const;
  [[nodiscard]] bool contradicted() const;
  /// All blocks of the accepted head are held and give the topic state that it signs.
  [[nodiscard]] bool topics_complete() const;

  /// Blocks whose headers are held from 0 without a hole.
  [[nodiscard]] std::uint64_t header_prefix() const;
  /// Headers and payloads are both held (or pruned) from 0 without a hole.
  [[nodiscard]] std::uint64_t block_prefix() const;
  /// Runs of blocks whose header is held.
  [[nodiscard]] std::vector<BlockRange> held_headers() const;
  /// Runs of blocks whose payload is held.
  [[nodiscard]] std::vector<BlockRange> held_payloads() const;
  [[nodiscard]] std::uint64_t held_payload_count() const;
  /// Runs of blocks whose payload was dropped on purpose and is not held.
  [[nodiscard]] std::vector<BlockRange> pruned_payloads() const;

  /// Code::not_found when it is not held.
  [[nodiscard]] Result<Bytes> header_bytes(BlockIndex block) const;
  [[nodiscard]] Result<BlockHeader> header(BlockIndex block) const;
  /// Code::not_found when it never was held, Code::pruned when it was dropped, Code::corrupt when it is damaged.
  [[nodiscard]] Result<Bytes> payload(BlockIndex block) const;
  /// The same as it is stored, not hashed: for those who check each part that they use.
  [[nodiscard]] Result<Bytes> stored_payload(BlockIndex block) const;
  [[nodiscard]] Result<bool> has_payload(BlockIndex block) const;
  [[nodiscard]] const merkle::HashReader& tree() const;

  /// Every partition known here, in topic-state order; without the reserved stream.
  [[nodiscard]] Result<std::vector<TopicView>> topics() const;
  [[nodiscard]] Result<std::optional<TopicView>> topic(const TopicPartition& stream) const;
  /// One above the largest partition of the topic that is known here; 0 when none is.
  [[nodiscard]] std::uint32_t partitions(const std::string& topic) const;
  /// Its place in the topic state; nullopt before its first block (or the manifest that makes it) is reached.
  [[nodiscard]] std::optional<std::uint32_t> topic_position(const TopicPartition& stream) const;
  /// The signed entry with its path under the accepted head, for passing on; Code::not_found when not known here.
  struct ProvenEntry {
    TopicStateEntry entry;
    std::uint32_t position = 0;
    std::vector<merkle::Digest> path;
  };
  [[nodiscard]] Result<ProvenEntry> topic_entry(std::uint32_t position) const;
  /// Number of entries that topic_entry() can serve under the accepted head: all or none for full holders, the learned
  /// ones for sparse ones.
  [[nodiscard]] std::vector<std::uint32_t> known_entries() const;

  /// The held block of the partition that contains `offset`; nullopt when no held block does.
  [[nodiscard]] Result<std::optional<BlockIndex>> block_of_offset(const TopicPartition& stream, Offset offset) const;
  /// The first held block of the partition after `after` (from the start when nullopt), by offset order.
  [[nodiscard]] Result<std::optional<BlockIndex>> next_block(const TopicPartition& stream,
                                                             std::optional<BlockIndex> after) const;
  /// Kafka's look-up: first block whose running largest time is >= `time`; it holds the first such record.
  [[nodiscard]] Result<std::optional<BlockIndex>> block_of_time(const TopicPartition& stream, UnixMs time) const;
  /// Held blocks of the partition with some record time possibly in [from, to), ascending, at most `limit`, after
  /// `after`.
  [[nodiscard]] Result<std::vector<BlockIndex>> blocks_in_time(const TopicPartition& stream, UnixMs from, UnixMs to,
                                                               std::optional<BlockIndex> after,
                                                               std::size_t limit) const;
  /// The newest manifest held; nullopt before the first.
  [[nodiscard]] Result<std::optional<Manifest>> manifest() const;

 private:
  const FeedLog* log_;
};

}  // namespace shoal::feed
