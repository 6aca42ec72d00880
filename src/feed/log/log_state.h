#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/contradiction.h"
#include "feed/format/topic_state.h"
#include "feed/log/have_rows.h"
#include "feed/log/hidden_blocks.h"
#include "feed/log/tree_tail.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

/// What a feed log keeps in memory: everything that is asked often and is small beside the blocks.
namespace shoal::feed {

/// A topic-state entry that was proven under a head without holding the whole topic state (sparse readers).
struct LearnedEntry {
  TopicStateEntry entry;
  std::uint32_t position = 0;
  std::uint32_t topic_count = 0;  ///< of the head it was proven under
  Digest topic_root;
  std::vector<Digest> path;

  [[nodiscard]] bool is_under(const Checkpoint& head) const {
    return topic_count == head.topic_count && topic_root == head.topic_root;
  }
};

/// One topic partition as it is known and held here. Its number (position in LogState::partitions) is given in the
/// order of first sight and prefixes its index rows.
struct PartitionState {
  TopicPartition stream;
  std::optional<std::uint32_t> position;  ///< in the topic state of the header prefix
  std::optional<LearnedEntry> learned;
  Offset log_start{0};
  Offset high_watermark{0};
  Offset held_end{0};  ///< next offset of the last block whose header is held
  std::optional<BlockIndex> last_held;
  UnixMs largest_held = kNoTime;
  std::uint64_t payload_bytes = 0;

  /// `header` at `block` is held now, and its payload too.
  void note_header(const BlockHeader& header, BlockIndex block);
  void note_payload(const BlockHeader& header);
  /// The payload of the block with this header is not here any more, and was not pruned.
  void lose_payload(const BlockHeader& header);
  /// Position in the feed's topic state, from whichever source it is known.
  [[nodiscard]] std::optional<std::uint32_t> place() const {
    if (position || !learned) return position;
    return learned->position;
  }
};

using Partitions = std::vector<PartitionState>;

/// Confined to the lock of its log.
struct LogState {
  std::optional<Checkpoint> head;
  std::optional<merkle::RightEdge> head_edge;
  std::optional<Bytes> fork_proof;
  std::optional<std::uint64_t> fork_limit;  ///< common_prefix_limit() of that proof
  std::optional<Contradiction> contradiction;

  TreeTail tail;              ///< the tree over the header prefix
  std::uint64_t applied = 0;  ///< blocks of the prefix that `topics` has stepped over; less only where a manifest's
                              ///< payload is missing
  std::unique_ptr<TopicState> topics;

  RangeSet headers;
  RangeSet payloads;
  RangeSet pruned;
  std::uint64_t payload_changes = 0;  ///< grows with every change of the two
  HiddenBlocks hidden;                ///< as the rows say; what is shown by now may still be among them
  RangeSet returned;                  ///< payloads that were pruned and then fetched again because a reader asked
  Partitions partitions;              ///< by number; 0 is the reserved stream
  std::map<TopicPartition, std::uint32_t> numbers;
  std::map<std::uint32_t, std::uint32_t> places;  ///< position in the topic state -> number, where it is known

  /// True when `topics` is what the accepted head signs.
  [[nodiscard]] bool topics_complete() const { return head && applied == head->tree_size; }
  [[nodiscard]] std::optional<std::uint32_t> number_of(const TopicPartition& stream) const {
    const auto found = numbers.find(stream);
    return found == numbers.end() ? std::nullopt : std::optional<std::uint32_t>{found->second};
  }
  void note_place(std::uint32_t number) {
    if (const auto place = partitions[number].place()) places.insert_or_assign(*place, number);
  }
};

}  // namespace shoal::feed
