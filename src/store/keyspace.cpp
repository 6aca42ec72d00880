#include "store/keyspace.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/wire.h"

#include <algorithm>
#include <tuple>

namespace shoal::store {
namespace {

using base::WireReader;
using base::WireWriter;

/// Rows of the store itself, and of one feed, in Column::meta: the byte after the feed number.
enum class MetaRow : std::uint8_t {
  schema = 0x01,
  next_feed_number = 0x02,
  feed_number = 0x03,
  setting = 0x04,
  cursor = 0x05,
  group_offset = 0x06,
  head = 0x10,
  fork_proof = 0x11,
  property = 0x12,
  receipt = 0x13,
  unwritten_payloads = 0x14,
  contradiction = 0x15,
};

/// The byte after the feed number in Column::tree.
enum class TreeRow : std::uint8_t { tile = 0x01, node = 0x02 };

constexpr FeedNumber kStoreItself{0};
constexpr std::size_t kFeedIdSize = 32;
constexpr std::size_t kBlockKeySize = 12;
constexpr std::size_t kTopicRowKeySize = 16;

WireWriter meta(FeedNumber feed, MetaRow row) {
  WireWriter key(64);
  key.u32(feed.value());
  key.u8(static_cast<std::uint8_t>(row));
  return key;
}

Bytes named(WireWriter key, std::string_view name) {
  key.bytes(base::as_bytes(name));
  return std::move(key).take();
}

/// The smallest key above every key that starts with `prefix`.
Bytes successor(Bytes prefix) {
  while (!prefix.empty() && prefix.back() == 0xff) prefix.pop_back();
  SHOAL_ASSERT(!prefix.empty());
  ++prefix.back();
  return prefix;
}

KeyRange under(Bytes prefix) {
  Bytes end = successor(prefix);
  return {std::move(prefix), std::move(end)};
}

Bytes feed_prefix(FeedNumber feed) {
  WireWriter key(4);
  key.u32(feed.value());
  return std::move(key).take();
}

Bytes topic_prefix(FeedNumber feed, TopicNumber topic) {
  WireWriter key(kTopicRowKeySize);
  key.u32(feed.value());
  key.u32(topic.value());
  return std::move(key).take();
}

Bytes topic_row(FeedNumber feed, TopicNumber topic, std::uint64_t number) {
  WireWriter key(kTopicRowKeySize);
  key.u32(feed.value());
  key.u32(topic.value());
  key.u64(number);
  return std::move(key).take();
}

/// The last eight bytes of a key that must have `size` bytes.
std::uint64_t number_of(ByteView key, std::size_t size) {
  SHOAL_ASSERT(key.size() == size);
  return WireReader(key.last(8)).u64();
}

WireWriter feed_meta(const FeedId& feed, MetaRow row) {
  WireWriter key = meta(kStoreItself, row);
  key.bytes(feed.key.bytes);
  return key;
}

void put_name(WireWriter& key, std::string_view name) {
  SHOAL_ASSERT(!name.empty() && name.size() <= 255);
  key.u8(static_cast<std::uint8_t>(name.size()));
  key.bytes(base::as_bytes(name));
}

WireWriter group_prefix(const FeedId& feed, std::string_view group) {
  WireWriter key = feed_meta(feed, MetaRow::group_offset);
  put_name(key, group);
  return key;
}

/// Skips the feed of a key that feed_meta() began; false when it is of another row.
bool skip_feed(WireReader& reader, MetaRow row) {
  const bool right_row = reader.u32() == kStoreItself.value() && reader.u8() == static_cast<std::uint8_t>(row);
  std::ignore = reader.array<kFeedIdSize>();
  return right_row;
}

Bytes tree_row(FeedNumber feed, TreeRow row, std::uint32_t level, std::uint64_t index) {
  SHOAL_ASSERT(level <= 64);
  WireWriter key(14);
  key.u32(feed.value());
  key.u8(static_cast<std::uint8_t>(row));
  key.u8(static_cast<std::uint8_t>(level));
  key.u64(index);
  return std::move(key).take();
}

}  // namespace

Bytes schema_key() { return std::move(meta(kStoreItself, MetaRow::schema)).take(); }

Bytes next_feed_number_key() { return std::move(meta(kStoreItself, MetaRow::next_feed_number)).take(); }

Bytes feed_number_key(const FeedId& feed) {
  WireWriter key = meta(kStoreItself, MetaRow::feed_number);
  key.bytes(feed.key.bytes);
  return std::move(key).take();
}

KeyRange feed_numbers_range() { return under(meta(kStoreItself, MetaRow::feed_number).take()); }

Result<FeedId> feed_of_number_key(ByteView key) {
  WireReader reader(key);
  const bool right_row =
      reader.u32() == kStoreItself.value() && reader.u8() == static_cast<std::uint8_t>(MetaRow::feed_number);
  FeedId feed;
  feed.key.bytes = reader.array<kFeedIdSize>();
  if (!right_row || !reader.finished()) return Error{Code::corrupt, "a feed number row has a malformed key"};
  return feed;
}

Bytes setting_key(std::string_view name) { return named(meta(kStoreItself, MetaRow::setting), name); }

Bytes cursor_key(const FeedId& feed, std::string_view name) { return named(feed_meta(feed, MetaRow::cursor), name); }

KeyRange cursors_range(const FeedId& feed) { return under(cursor_key(feed, {})); }

Result<std::string> cursor_of_key(ByteView key) {
  WireReader reader(key);
  const bool right_row = skip_feed(reader, MetaRow::cursor);
  std::string name(base::as_text(reader.bytes(reader.remaining())));
  if (!right_row || !reader.finished()) return Error{Code::corrupt, "a cursor row has a malformed key"};
  return name;
}

Bytes group_offset_key(const FeedId& feed, std::string_view group, const TopicPartition& stream) {
  WireWriter key = group_prefix(feed, group);
  put_name(key, stream.topic);
  key.u32(static_cast<std::uint32_t>(stream.partition.value()));
  return std::move(key).take();
}

KeyRange group_offsets_range(const FeedId& feed, std::string_view group) {
  return under(std::move(group_prefix(feed, group)).take());
}

KeyRange groups_range(const FeedId& feed) { return under(std::move(feed_meta(feed, MetaRow::group_offset)).take()); }

Result<GroupOffsetKey> group_offset_of_key(ByteView key) {
  WireReader reader(key);
  const bool right_row = skip_feed(reader, MetaRow::group_offset);
  GroupOffsetKey out;
  out.group = std::string(base::as_text(reader.bytes(reader.u8())));
  out.stream.topic = std::string(base::as_text(reader.bytes(reader.u8())));
  out.stream.partition = Partition(static_cast<std::int32_t>(reader.u32()));
  if (!right_row || !reader.finished()) return Error{Code::corrupt, "a group offset row has a malformed key"};
  return out;
}

Bytes head_key(FeedNumber feed) { return std::move(meta(feed, MetaRow::head)).take(); }

Bytes fork_proof_key(FeedNumber feed) { return std::move(meta(feed, MetaRow::fork_proof)).take(); }

Bytes contradiction_key(FeedNumber feed) { return std::move(meta(feed, MetaRow::contradiction)).take(); }

Bytes unwritten_payloads_key(FeedNumber feed) { return std::move(meta(feed, MetaRow::unwritten_payloads)).take(); }

Bytes receipt_key(FeedNumber feed, const PublicKey& mirror) {
  WireWriter key = meta(feed, MetaRow::receipt);
  key.bytes(mirror.bytes);
  return std::move(key).take();
}

KeyRange receipts_range(FeedNumber feed) { return under(meta(feed, MetaRow::receipt).take()); }

Bytes feed_property_key(FeedNumber feed, std::string_view name) { return named(meta(feed, MetaRow::property), name); }

Bytes block_key(FeedNumber feed, BlockIndex block) {
  WireWriter key(kBlockKeySize);
  key.u32(feed.value());
  key.u64(block.value());
  return std::move(key).take();
}

KeyRange block_range(FeedNumber feed, BlockIndex begin, BlockIndex end) {
  return {block_key(feed, begin), block_key(feed, std::max(begin, end))};
}

FeedNumber feed_of_key(ByteView key) { return FeedNumber{WireReader(key).u32()}; }

bool is_block_key(ByteView key) { return key.size() == kBlockKeySize; }

bool is_next_block(ByteView key, ByteView next) {
  return is_block_key(key) && is_block_key(next) && feed_of_key(key) == feed_of_key(next) &&
         block_of_key(key).value() + 1 == block_of_key(next).value();
}

BlockIndex block_of_key(ByteView key) { return BlockIndex{number_of(key, kBlockKeySize)}; }

Bytes tile_key(FeedNumber feed, std::uint32_t tile_level, std::uint64_t index) {
  return tree_row(feed, TreeRow::tile, tile_level, index);
}

Bytes node_key(FeedNumber feed, const merkle::NodeId& node) {
  return tree_row(feed, TreeRow::node, node.level, node.index);
}

Bytes topic_key(FeedNumber feed, TopicNumber topic) { return topic_prefix(feed, topic); }

KeyRange topic_range(FeedNumber feed) { return feed_range(feed); }

Bytes offset_key(FeedNumber feed, TopicNumber topic, Offset last) {
  SHOAL_ASSERT(last.value() >= 0);
  return topic_row(feed, topic, static_cast<std::uint64_t>(last.value()));
}

KeyRange offset_range(FeedNumber feed, TopicNumber topic) { return under(topic_prefix(feed, topic)); }

Offset offset_of_key(ByteView key) { return Offset{static_cast<std::int64_t>(number_of(key, kTopicRowKeySize))}; }

Bytes time_key(FeedNumber feed, TopicNumber topic, BlockIndex block) { return topic_row(feed, topic, block.value()); }

KeyRange time_range(FeedNumber feed, TopicNumber topic) { return under(topic_prefix(feed, topic)); }

BlockIndex block_of_time_key(ByteView key) { return BlockIndex{number_of(key, kTopicRowKeySize)}; }

KeyRange feed_range(FeedNumber feed) { return under(feed_prefix(feed)); }

}  // namespace shoal::store
