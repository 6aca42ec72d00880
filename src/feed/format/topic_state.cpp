#include "feed/format/topic_state.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/leaf_tree.h"
#include "merkle/inclusion_proof.h"

#include <algorithm>
#include <limits>
#include <set>

// docs/FORMAT.md, "Topic state". The heads of all partitions in one small Merkle tree, whose root each head signs: a
// reader of one topic gets that entry with its path and knows the topic's true end without the other topics' blocks.
// Without it, a peer could hide a topic's newest blocks.
//
// Positions are given in order of creation and never change, so growth only appends leaves, and an entry that a reader
// learned stays where it was. apply() checks before it changes: a header that does not continue its partition leaves
// the state as it was, because mirrors try headers that may be lies.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "topic state: " + std::string(what)}; }

bool is_reserved(const TopicPartition& stream) { return stream.topic.empty(); }

/// A topic's partitions are created together, so their entries lie side by side.
struct TopicRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

using TopicRanges = std::map<std::string, TopicRange, std::less<>>;

Result<void> check_entry(const TopicStateEntry& entry) {
  const std::int32_t partition = entry.stream.partition.value();
  if (is_reserved(entry.stream) ? partition != 0 : !is_legal_topic(entry.stream.topic)) return bad("illegal topic");
  if (partition < 0 || static_cast<std::uint32_t>(partition) >= kMaxTopicPartitions) return bad("illegal partition");
  if (entry.next_offset.value() < 0) return bad("illegal offset");
  if (entry.last_block.has_value() != (entry.next_offset.value() != 0)) {
    return bad("last block and next offset contradict each other");
  }
  if (entry.last_block && entry.last_block->value() >= merkle::kMaxTreeSize) return bad("illegal last block");
  if (entry.largest_time < kNoTime) return bad("illegal largest timestamp");
  if ((is_reserved(entry.stream) || !entry.last_block) && entry.largest_time != kNoTime) {
    return bad("a timestamp without records");
  }
  return {};
}

}  // namespace

Bytes encode_topic_entry(const TopicStateEntry& entry) {
  SHOAL_ASSERT(entry.stream.topic.size() <= kMaxTopicLength);
  base::WireWriter out(29 + entry.stream.topic.size());
  out.u8(static_cast<std::uint8_t>(entry.stream.topic.size()));
  out.bytes(base::as_bytes(entry.stream.topic));
  out.u32(static_cast<std::uint32_t>(entry.stream.partition.value()));
  out.i64(entry.next_offset.value());
  out.u64(entry.last_block ? entry.last_block->value() + 1 : 0);
  out.i64(entry.largest_time.value());
  return std::move(out).take();
}

Result<TopicStateEntry> decode_topic_entry(ByteView bytes) {
  base::WireReader in(bytes);
  TopicStateEntry entry;
  entry.stream.topic = std::string(base::as_text(in.bytes(in.u8())));
  const std::uint32_t partition = in.u32();
  entry.next_offset = Offset{in.i64()};
  if (const std::uint64_t last = in.u64(); last != 0) entry.last_block = BlockIndex{last - 1};
  entry.largest_time = UnixMs{in.i64()};
  if (!in.finished()) return bad("an entry of the wrong size");
  if (partition >= kMaxTopicPartitions) return bad("illegal partition");
  entry.stream.partition = Partition{static_cast<std::int32_t>(partition)};
  SHOAL_CHECK(check_entry(entry));
  return entry;
}

struct TopicState::Data {
  std::vector<TopicStateEntry> entries;
  TopicRanges topics;
  LeafTree tree;
  std::set<std::uint32_t> changed;

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries.size()); }

  void append(TopicStateEntry entry) {
    tree.append(merkle::leaf_hash(encode_topic_entry(entry)));
    changed.insert(size());
    entries.push_back(std::move(entry));
  }

  void create_topic(const std::string& topic, std::uint32_t partitions) {
    topics.emplace(topic, TopicRange{size(), partitions});
    for (std::uint32_t i = 0; i < partitions; ++i) {
      append(TopicStateEntry{TopicPartition{topic, Partition{static_cast<std::int32_t>(i)}}, Offset{0}, {}, kNoTime});
    }
  }

  [[nodiscard]] std::optional<std::uint32_t> find(const TopicPartition& stream) const {
    const auto found = topics.find(stream.topic);
    const std::int32_t partition = stream.partition.value();
    if (found == topics.end() || partition < 0) return std::nullopt;
    if (static_cast<std::uint32_t>(partition) >= found->second.count) return std::nullopt;
    return found->second.first + static_cast<std::uint32_t>(partition);
  }

  void step(std::uint32_t position, const BlockHeader& header, BlockIndex index) {
    TopicStateEntry& entry = entries[position];
    entry.next_offset = header.next_offset();
    entry.last_block = index;
    entry.largest_time = header.running_largest_time;
    tree.set(position, merkle::leaf_hash(encode_topic_entry(entry)));
    changed.insert(position);
  }
};

namespace {

/// The header goes on where the entry ends.
Result<void> check_continues(const TopicStateEntry& entry, const BlockHeader& header, BlockIndex index) {
  if (header.previous != entry.last_block) return bad("the previous block is not the partition's last one");
  if (header.base_offset != entry.next_offset) return bad("the base offset is not the partition's next one");
  if (entry.last_block && *entry.last_block >= index) return bad("the block is not after the partition's last one");
  const UnixMs running = std::max(entry.largest_time, header.largest_time);
  if (header.running_largest_time != running) return bad("the running largest timestamp does not continue");
  return {};
}

/// Topics the manifest would create; counts of topics that exist must be as they are.
Result<std::vector<const ManifestTopic*>> new_topics(const TopicRanges& topics, std::uint32_t size,
                                                     const Manifest& manifest) {
  std::vector<const ManifestTopic*> out;
  std::set<std::string_view> names;
  std::uint64_t total = size;
  for (const ManifestTopic& topic : manifest.topics) {
    if (!is_legal_topic(topic.name) || topic.partitions == 0) return bad("a manifest with an illegal topic");
    if (!names.insert(topic.name).second) return bad("a manifest that names a topic twice");
    const auto found = topics.find(topic.name);
    if (found == topics.end()) {
      out.push_back(&topic);
      total += topic.partitions;
    } else if (found->second.count != topic.partitions) {
      return bad("a manifest changes the partitions of a topic");
    }
  }
  if (total > std::uint64_t{kMaxTopicPartitions} + 1) return bad("too many topic partitions");
  return out;
}

}  // namespace

TopicState::TopicState() : data_(std::make_unique<Data>()) { data_->create_topic("", 1); }
TopicState::~TopicState() = default;
TopicState::TopicState(const TopicState& other) : data_(std::make_unique<Data>(*other.data_)) {}
TopicState& TopicState::operator=(const TopicState& other) {
  if (this != &other) data_ = std::make_unique<Data>(*other.data_);
  return *this;
}
TopicState::TopicState(TopicState&&) noexcept = default;
TopicState& TopicState::operator=(TopicState&&) noexcept = default;

Result<TopicState> TopicState::from_entries(std::vector<TopicStateEntry> entries) {
  const auto corrupt = [](std::string_view what) {
    return Error{Code::corrupt, "stored topic state: " + std::string(what)};
  };
  if (entries.empty() || entries.size() > std::size_t{kMaxTopicPartitions} + 1) return corrupt("illegal size");
  if (!is_reserved(entries.front().stream)) return corrupt("the reserved stream is not first");
  TopicState state;
  Data& data = *state.data_;
  data = Data{};
  for (TopicStateEntry& entry : entries) {
    if (!check_entry(entry).ok()) return corrupt("an illegal entry");
    const std::uint32_t partition = static_cast<std::uint32_t>(entry.stream.partition.value());
    const auto [found, created] = data.topics.try_emplace(entry.stream.topic, TopicRange{data.size(), 0});
    TopicRange& range = found->second;
    if (range.count != partition || range.first + range.count != data.size()) {
      return corrupt("partitions of a topic are not side by side");
    }
    ++range.count;
    data.append(std::move(entry));
  }
  data.changed.clear();
  return state;
}

std::uint32_t TopicState::size() const { return data_->size(); }

const TopicStateEntry& TopicState::at(std::uint32_t position) const {
  SHOAL_ASSERT(position < data_->size());
  return data_->entries[position];
}

std::optional<std::uint32_t> TopicState::find(const TopicPartition& stream) const { return data_->find(stream); }

std::uint32_t TopicState::partitions(std::string_view topic) const {
  const auto found = data_->topics.find(topic);
  return found == data_->topics.end() ? 0 : found->second.count;
}

Result<void> TopicState::apply(const BlockHeader& header, BlockIndex index, const Manifest* manifest) {
  if (header.is(BlockKind::manifest)) {
    if (manifest == nullptr) return bad("a manifest block without its manifest");
    SHOAL_CHECK(check_continues(data_->entries.front(), header, index));
    SHOAL_TRY(const auto created, new_topics(data_->topics, size(), *manifest));
    data_->step(0, header, index);
    for (const ManifestTopic* topic : created) data_->create_topic(topic->name, topic->partitions);
    return {};
  }
  if (const auto position = find(header.stream)) {
    SHOAL_CHECK(check_continues(data_->entries[*position], header, index));
    data_->step(*position, header, index);
    return {};
  }
  if (header.stream.partition != Partition{0} || partitions(header.stream.topic) != 0) return bad("no such partition");
  if (size() > kMaxTopicPartitions) return bad("too many topic partitions");
  const std::uint32_t position = size();
  SHOAL_CHECK(check_continues(TopicStateEntry{header.stream, Offset{0}, {}, kNoTime}, header, index));
  data_->create_topic(header.stream.topic, 1);
  data_->step(position, header, index);
  return {};
}

std::vector<std::uint32_t> TopicState::take_changed() {
  std::vector<std::uint32_t> out(data_->changed.begin(), data_->changed.end());
  data_->changed.clear();
  return out;
}

merkle::Digest TopicState::root() const { return data_->tree.root(); }

std::vector<merkle::Digest> TopicState::prove(std::uint32_t position) const {
  SHOAL_ASSERT(position < data_->size());
  auto path = merkle::prove_inclusion(data_->tree, position, data_->size());
  SHOAL_ASSERT(path.ok());
  return std::move(path).value();
}

Result<void> verify_topic_entry(const TopicStateEntry& entry, std::uint32_t position, std::uint32_t topic_count,
                                const merkle::Digest& topic_root, const std::vector<merkle::Digest>& path) {
  if (position >= topic_count) return bad("no such entry");
  if (entry.stream.topic.size() > kMaxTopicLength) return bad("illegal topic");
  SHOAL_CHECK(
      merkle::verify_inclusion(merkle::leaf_hash(encode_topic_entry(entry)), position, topic_count, path, topic_root));
  // It is what the owner signed.
  const auto contradicts = [](std::string_view what) {
    return Error{Code::contradiction, "topic state: " + std::string(what)};
  };
  if ((position == 0) != is_reserved(entry.stream)) return contradicts("the reserved stream is not where it must be");
  if (auto legal = check_entry(entry); !legal) return Error{Code::contradiction, std::move(legal).error().message};
  return {};
}

}  // namespace shoal::feed
