#pragma once

#include "base/bytes.h"
#include "crypto/keys.h"
#include "feed/format/block.h"
#include "feed/format/checkpoint.h"
#include "feed/format/leaf_tree.h"
#include "feed/format/topic_state.h"

#include <gtest/gtest.h>

#include <vector>

/// A feed made by hand, without store or writer: what the tests of the formats stand on.
namespace shoal::feed::testing {

inline crypto::KeyPair seeded_key(std::uint8_t seed) {
  crypto::init();
  return crypto::KeyPair::from_seed(Bytes(32, seed)).value();
}

inline Bytes filled(std::size_t size, std::uint8_t start = 0) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(start + i * 31 + (i >> 8) + (i >> 16) * 7);
  return out;
}

/// A legal data header that continues `state`.
inline BlockHeader data_header(const TopicState& state, const TopicPartition& stream, std::uint32_t count,
                               ByteView payload, UnixMs smallest, UnixMs largest) {
  BlockHeader header;
  header.kind = static_cast<std::uint8_t>(BlockKind::data);
  header.stream = stream;
  header.record_count = count;
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  header.payload_root = payload_root(payload);
  header.append_time = UnixMs{1'700'000'000'000};
  header.smallest_time = smallest;
  header.largest_time = largest;
  header.running_largest_time = largest;
  if (const auto position = state.find(stream)) {
    const TopicStateEntry& entry = state.at(*position);
    header.previous = entry.last_block;
    header.base_offset = entry.next_offset;
    header.running_largest_time = std::max(largest, entry.largest_time);
  }
  return header;
}

/// A header of a kind without records that continues the reserved stream.
inline BlockHeader reserved_header(const TopicState& state, BlockKind kind, ByteView payload) {
  BlockHeader header;
  header.kind = static_cast<std::uint8_t>(kind);
  header.previous = state.at(0).last_block;
  header.base_offset = state.at(0).next_offset;
  header.record_count = 1;
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  header.payload_root = payload_root(payload);
  header.append_time = UnixMs{1'700'000'000'000};
  header.smallest_time = header.largest_time = header.running_largest_time = kNoTime;
  return header;
}

/// Headers, tree and topic state that grow together; signs heads of any size it has passed.
class SampleFeed {
 public:
  explicit SampleFeed(std::uint8_t seed = 7) : key_(seeded_key(seed)) {}

  [[nodiscard]] FeedId id() const { return FeedId{key_.public_key()}; }
  [[nodiscard]] const crypto::KeyPair& key() const { return key_; }
  [[nodiscard]] const LeafTree& tree() const { return tree_; }
  [[nodiscard]] const TopicState& state() const { return state_; }
  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
  [[nodiscard]] const std::vector<Bytes>& headers() const { return headers_; }

  void append(const BlockHeader& header, const Manifest* manifest = nullptr) {
    const auto applied = state_.apply(header, BlockIndex{size()}, manifest);
    ASSERT_TRUE(applied.ok()) << applied.error().message;
    headers_.push_back(encode_header(header));
    tree_.append(header_leaf(headers_.back()));
  }
  /// A data block whose payload is the one byte `content`.
  void append_data(std::string topic, std::uint8_t content = 0) {
    const UnixMs time{1'700'000'000'000 + static_cast<std::int64_t>(size())};
    append(data_header(state_, TopicPartition{std::move(topic), Partition{0}}, 1, Bytes{content}, time, time));
  }

  [[nodiscard]] Checkpoint head(UnixMs time = UnixMs{1'700'000'000'000}, Epoch epoch = Epoch{0}) const {
    Checkpoint head;
    head.epoch = epoch;
    head.tree_size = size();
    head.root = tree_.root();
    head.time = time;
    head.topic_count = state_.size();
    head.topic_root = state_.root();
    return sign(head);
  }
  [[nodiscard]] Checkpoint sign(Checkpoint head) const {
    head.signature = crypto::sign(key_, base::as_bytes(note_text(id(), head)));
    return head;
  }

 private:
  crypto::KeyPair key_;
  std::vector<Bytes> headers_;
  LeafTree tree_;
  TopicState state_;
};

}  // namespace shoal::feed::testing
