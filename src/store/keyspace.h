#pragma once

#include "crypto/hash.h"
#include "merkle/tree_math.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Every key of both stores is made here and nowhere else (docs/FORMAT.md, "Store"). All integers are big-endian, so
/// byte order is numeric order. Every feed's rows start with its local 4-byte number; number 0 holds rows of the store
/// itself.
namespace shoal::store {

using FeedNumber = StrongInt<struct FeedNumberTag, std::uint32_t>;
/// A topic partition's number in one store, given in order of first sight: a short, stable prefix of index rows. For
/// full copies it is the position in the topic state; sparse ones learn entries in any order.
using TopicNumber = StrongInt<struct TopicNumberTag, std::uint32_t>;

/// A half-open range of keys.
struct KeyRange {
  Bytes begin;
  Bytes end;
};

// Column::meta, feed number 0
Bytes schema_key();
Bytes next_feed_number_key();
Bytes feed_number_key(const FeedId& feed);
/// All feed_number_key rows: feed id -> number.
KeyRange feed_numbers_range();
/// Inverse of feed_number_key.
Result<FeedId> feed_of_number_key(ByteView key);
/// A node-wide setting (a remembered port) or durable cursor by name.
Bytes setting_key(std::string_view name);
Bytes cursor_key(const FeedId& feed, std::string_view name);
KeyRange cursors_range(const FeedId& feed);
/// Inverse of cursor_key: the name.
Result<std::string> cursor_of_key(ByteView key);

/// A consumer group has a name of this many bytes at most, and of one at least.
inline constexpr std::size_t kMaxGroupName = 255;
/// Where a consumer group reads on in one partition. Group and topic have 1 to 255 bytes.
Bytes group_offset_key(const FeedId& feed, std::string_view group, const TopicPartition& stream);
/// All rows of one group.
KeyRange group_offsets_range(const FeedId& feed, std::string_view group);
/// All rows of all groups of the feed, those of one group together.
KeyRange groups_range(const FeedId& feed);
/// Inverse of group_offset_key, without the feed.
struct GroupOffsetKey {
  std::string group;
  TopicPartition stream;
};
Result<GroupOffsetKey> group_offset_of_key(ByteView key);

// Column::meta, one feed
Bytes head_key(FeedNumber feed);
Bytes fork_proof_key(FeedNumber feed);
/// The note of what its owner signed and what contradicts itself.
Bytes contradiction_key(FeedNumber feed);
/// A mirror's receipt, by its node key.
Bytes receipt_key(FeedNumber feed, const PublicKey& mirror);
KeyRange receipts_range(FeedNumber feed);
/// Blocks whose other rows are in the store while their payloads still waited in memory.
Bytes unwritten_payloads_key(FeedNumber feed);
/// Small named rows of one feed (name, want, log start, clean-stop marker).
Bytes feed_property_key(FeedNumber feed, std::string_view name);

// Column::headers and Column::payloads
Bytes block_key(FeedNumber feed, BlockIndex block);
KeyRange block_range(FeedNumber feed, BlockIndex begin, BlockIndex end);
BlockIndex block_of_key(ByteView key);
/// The feed that a key of any column is of; 0 for a key too short to have one.
FeedNumber feed_of_key(ByteView key);
/// True for the key of a block.
bool is_block_key(ByteView key);
/// True when `next` is the key of the block after that of `key`.
bool is_next_block(ByteView key, ByteView next);

// Column::tree: tile `index` of height 8 at level 8 * tile_level (tlog-tiles geometry), and single subtree roots
Bytes tile_key(FeedNumber feed, std::uint32_t tile_level, std::uint64_t index);
Bytes node_key(FeedNumber feed, const merkle::NodeId& node);

// Column::topics
Bytes topic_key(FeedNumber feed, TopicNumber topic);
KeyRange topic_range(FeedNumber feed);

// Column::offsets: the row of a block is keyed by its LAST offset, so one seek finds the block of an offset
Bytes offset_key(FeedNumber feed, TopicNumber topic, Offset last);
KeyRange offset_range(FeedNumber feed, TopicNumber topic);
Offset offset_of_key(ByteView key);

// Column::times: by block, value holds the block's time bounds
Bytes time_key(FeedNumber feed, TopicNumber topic, BlockIndex block);
KeyRange time_range(FeedNumber feed, TopicNumber topic);
BlockIndex block_of_time_key(ByteView key);

/// All rows of one feed in any column but feed_number_key, cursors and group offsets.
KeyRange feed_range(FeedNumber feed);

}  // namespace shoal::store
