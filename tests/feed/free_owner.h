#pragma once

#include "feed/feed_world.h"
#include "feed/format/leaf_tree.h"
#include "feed/format/topic_state.h"
#include "merkle/inclusion_proof.h"
#include "merkle/subtree_cover.h"
#include "record/batch_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::feed::testing {

/// An owner who signs what he likes: blocks and heads made by hand, without a writer that would refuse them. Each topic
/// has one partition.
class FreeOwner {
 public:
  struct Block {
    Bytes header;
    Bytes payload;
  };

  explicit FreeOwner(std::uint8_t seed = 7) : key_(test_key(seed)) { entries_.push_back(TopicStateEntry{}); }

  [[nodiscard]] FeedId id() const { return FeedId{key_.public_key()}; }
  [[nodiscard]] std::uint64_t size() const { return blocks_.size(); }
  [[nodiscard]] const LeafTree& tree() const { return tree_; }
  [[nodiscard]] const Block& block(std::uint64_t index) const { return blocks_.at(index); }
  [[nodiscard]] std::vector<TopicStateEntry>& entries() { return entries_; }

  /// A batch of `count` records at `time` with a legal header that continues the topic.
  std::pair<BlockHeader, Bytes> make(const std::string& topic, std::int64_t time, std::uint32_t count = 1) {
    const TopicStateEntry& end = entry_of(topic);
    const std::vector<std::int64_t> times(count, time);
    Bytes payload = batch_of(stream(topic), times).batch;
    record::patch_batch(payload, end.next_offset, 0);
    BlockHeader header;
    header.kind = static_cast<std::uint8_t>(BlockKind::data);
    header.stream = stream(topic);
    header.previous = end.last_block;
    header.base_offset = end.next_offset;
    header.record_count = count;
    header.append_time = UnixMs{1'700'000'000'000};
    header.smallest_time = header.largest_time = UnixMs{time};
    header.running_largest_time = std::max(end.largest_time, header.largest_time);
    fit(header, payload);
    return {header, std::move(payload)};
  }
  /// The header names the payload.
  static void fit(BlockHeader& header, ByteView payload) {
    header.payload_size = static_cast<std::uint32_t>(payload.size());
    header.payload_root = payload_root(payload);
  }
  void append(const BlockHeader& header, Bytes payload) {
    entry_of(header.stream.topic) = {header.stream, header.next_offset(), BlockIndex{size()},
                                     header.running_largest_time};
    append_raw({encode_header(header), std::move(payload)});
  }
  void append_raw(Block block) {
    tree_.append(header_leaf(block.header));
    blocks_.push_back(std::move(block));
  }
  /// Honest blocks, of topics t0 to t2 in turn.
  void grow(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto [header, payload] = make("t" + std::to_string(size() % 3), 1000 + static_cast<std::int64_t>(size()), 2);
      append(header, std::move(payload));
    }
  }
  /// Of all blocks, and of the entries as they are.
  [[nodiscard]] Checkpoint head() const {
    LeafTree topics;
    for (const TopicStateEntry& entry : entries_) topics.append(merkle::leaf_hash(encode_topic_entry(entry)));
    Checkpoint head;
    head.tree_size = size();
    head.root = tree_.root();
    head.time = UnixMs{1'700'000'000'000 + static_cast<std::int64_t>(size())};
    head.topic_count = static_cast<std::uint32_t>(entries_.size());
    head.topic_root = topics.root();
    return sign(head);
  }
  [[nodiscard]] Checkpoint sign(Checkpoint head) const {
    head.signature = crypto::sign(key_, base::as_bytes(note_text(id(), head)));
    return head;
  }
  [[nodiscard]] std::vector<merkle::Digest> path(std::uint32_t position) const {
    LeafTree topics;
    for (const TopicStateEntry& entry : entries_) topics.append(merkle::leaf_hash(encode_topic_entry(entry)));
    return merkle::prove_inclusion(topics, position, entries_.size()).value();
  }
  [[nodiscard]] Delivery deliver(const Checkpoint& head, std::uint64_t base, std::vector<std::uint64_t> indices,
                                 bool with_payloads = true) const {
    Delivery out{head, base, std::move(indices), {}, {}, {}, with_payloads};
    for (const std::uint64_t index : out.indices) {
      out.headers.push_back(blocks_.at(index).header);
      out.payloads.push_back(blocks_.at(index).payload);
    }
    out.cover = merkle::build_cover(tree_, base, head.tree_size, out.indices).value();
    return out;
  }

 private:
  TopicStateEntry& entry_of(const std::string& topic) {
    const auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry.stream.topic == topic; });
    if (found != entries_.end()) return *found;
    entries_.push_back(TopicStateEntry{stream(topic), Offset{0}, {}, kNoTime});
    return entries_.back();
  }

  crypto::KeyPair key_;
  std::vector<Block> blocks_;
  LeafTree tree_;
  std::vector<TopicStateEntry> entries_;
};

/// A block that an owner may sign and that contradicts the blocks before it, or itself.
struct Lie {
  std::string_view name;
  bool in_payload = false;  ///< only whoever reads the payload sees it
  std::function<void(FreeOwner&)> sign;
};

/// Each appends one block behind at least six honest ones.
inline std::vector<Lie> lies() {
  const auto changed = [](const std::function<void(BlockHeader&, Bytes&)>& change) {
    return [change](FreeOwner& owner) {
      auto [header, payload] = owner.make("t0", 5000, 2);
      change(header, payload);
      owner.append(header, std::move(payload));
    };
  };
  const auto placed = [](BlockHeader& header, Bytes& payload) {
    record::patch_batch(payload, header.base_offset, 0);
    FreeOwner::fit(header, payload);
  };
  return {
      {"another block is the previous one", false, changed([](auto& h, auto&) { h.previous = BlockIndex{1}; })},
      {"no previous block", false, changed([placed](auto& h, auto& p) {
         h.previous.reset();
         h.base_offset = Offset{0};
         placed(h, p);
       })},
      {"a gap between offsets", false, changed([placed](auto& h, auto& p) {
         h.base_offset += 1;
         placed(h, p);
       })},
      {"offsets twice", false, changed([placed](auto& h, auto& p) {
         h.base_offset = h.base_offset - 1;
         placed(h, p);
       })},
      {"the largest time goes back", false, changed([](auto& h, auto& p) {
         p = batch_of(stream("t0"), {10, 10}).batch;
         record::patch_batch(p, h.base_offset, 0);
         h.smallest_time = h.largest_time = h.running_largest_time = UnixMs{10};
         FreeOwner::fit(h, p);
       })},
      {"a partition that does not exist", false, changed([](auto& h, auto&) { h.stream.partition = Partition{1}; })},
      {"no header", false,
       [](FreeOwner& owner) {
         owner.append_raw({Bytes(120, 0xee), Bytes(9, 1)});
       }},
      {"another record count", true, changed([](auto& h, auto&) { h.record_count = 3; })},
      {"another base offset", true, changed([](auto& h, auto& p) {
         record::patch_batch(p, h.base_offset + 5, 0);
         FreeOwner::fit(h, p);
       })},
      {"another largest time", true,
       changed([](auto& h, auto&) { h.largest_time = h.running_largest_time = UnixMs{5001}; })},
      {"a batch of a later epoch", true, changed([](auto& h, auto& p) {
         record::patch_batch(p, h.base_offset, 3);
         FreeOwner::fit(h, p);
       })},
      {"no batch", true, changed([](auto& h, auto& p) {
         p = Bytes(80, 0x55);
         FreeOwner::fit(h, p);
       })},
      {"another size", true, changed([](auto& h, auto&) { ++h.payload_size; })},
      {"a manifest that is none", true,
       [](FreeOwner& owner) {
         BlockHeader header;
         header.kind = static_cast<std::uint8_t>(BlockKind::manifest);
         header.record_count = 1;
         header.append_time = UnixMs{1'700'000'000'000};
         header.smallest_time = header.largest_time = header.running_largest_time = kNoTime;
         Bytes payload(8, '{');
         FreeOwner::fit(header, payload);
         owner.append(header, std::move(payload));
       }},
  };
}

}  // namespace shoal::feed::testing
