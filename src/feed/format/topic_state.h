#pragma once

#include "feed/format/block.h"
#include "feed/format/manifest.h"
#include "merkle/tree_hash.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

/// The signed end of every topic partition (docs/FORMAT.md, "Topic state").
namespace shoal::feed {

/// One leaf of the topic-state tree.
struct TopicStateEntry {
  TopicPartition stream;
  Offset next_offset{0};
  std::optional<BlockIndex> last_block;
  UnixMs largest_time = kNoTime;

  auto operator<=>(const TopicStateEntry&) const = default;
};

Bytes encode_topic_entry(const TopicStateEntry& entry);
[[nodiscard]] Result<TopicStateEntry> decode_topic_entry(ByteView bytes);

/// All entries in creation order with their tree. Entry 0 is the reserved manifest stream and always there, also in an
/// empty feed. Apply costs O(log n); copyable, so that a reader can try headers before it accepts them.
class TopicState {
 public:
  TopicState();
  ~TopicState();
  TopicState(const TopicState&);
  TopicState& operator=(const TopicState&);
  TopicState(TopicState&&) noexcept;
  TopicState& operator=(TopicState&&) noexcept;

  /// From stored entries; Code::corrupt when they are no legal state.
  static Result<TopicState> from_entries(std::vector<TopicStateEntry> entries);

  [[nodiscard]] std::uint32_t size() const;
  [[nodiscard]] const TopicStateEntry& at(std::uint32_t position) const;
  [[nodiscard]] std::optional<std::uint32_t> find(const TopicPartition& stream) const;
  /// Partitions of the topic, or 0 when it is unknown.
  [[nodiscard]] std::uint32_t partitions(std::string_view topic) const;

  /// Steps over the header at `index`: previous block, base offset, running largest time must continue the entry.
  /// A topic that no manifest named begins here, with partition 0 only. For manifest blocks `manifest` creates
  /// partitions and must be given. Code::unverified (and unchanged) when the header does not continue the state.
  [[nodiscard]] Result<void> apply(const BlockHeader& header, BlockIndex index, const Manifest* manifest = nullptr);

  /// Positions changed or created since the last call, ascending; for storing only what changed.
  [[nodiscard]] std::vector<std::uint32_t> take_changed();

  [[nodiscard]] merkle::Digest root() const;
  /// RFC 9162 inclusion path of the entry in the tree of size().
  [[nodiscard]] std::vector<merkle::Digest> prove(std::uint32_t position) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// Code::unverified unless `entry` is at `position` of the topic state that the head signs. Code::contradiction when it
/// is, and breaks "Topic state" of FORMAT.md: the owner signed that.
[[nodiscard]] Result<void> verify_topic_entry(const TopicStateEntry& entry, std::uint32_t position,
                                              std::uint32_t topic_count, const merkle::Digest& topic_root,
                                              const std::vector<merkle::Digest>& path);

}  // namespace shoal::feed
