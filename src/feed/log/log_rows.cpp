#include "feed/log/log_rows.h"

#include "base/try.h"
#include "base/wire.h"

#include <bit>

// docs/FORMAT.md, "Store". Every row begins with a version, and a reader takes nothing that is longer or shorter than
// its version says: rows come from this node's own disk, so whatever does not fit is damage, Code::corrupt.
namespace shoal::feed {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasPosition = 1;
constexpr std::uint8_t kHasLearned = 2;
constexpr std::uint8_t kHasBlocks = 4;

Error bad(std::string_view row) { return Error{Code::corrupt, "a malformed row: " + std::string(row)}; }

void put_edge(base::WireWriter& out, const merkle::RightEdge& edge) {
  out.u64(edge.size());
  for (const Digest& hash : edge.hashes()) out.bytes(hash.bytes);
}

Result<merkle::RightEdge> get_edge(base::WireReader& in) {
  const std::uint64_t size = in.u64();
  std::vector<Digest> hashes(static_cast<std::size_t>(std::popcount(size)));
  for (Digest& hash : hashes) hash.bytes = in.array<32>();
  if (!in.ok()) return bad("right edge");
  auto edge = merkle::RightEdge::from_hashes(size, std::move(hashes));
  if (!edge) return bad("right edge");
  return edge;
}

void put_entry(base::WireWriter& out, const TopicStateEntry& entry) {
  const Bytes bytes = encode_topic_entry(entry);
  out.u16(static_cast<std::uint16_t>(bytes.size()));
  out.bytes(bytes);
}

Result<TopicStateEntry> get_entry(base::WireReader& in) {
  auto entry = decode_topic_entry(in.bytes(in.u16()));
  if (!entry) return bad("topic entry");
  return entry;
}

void put_learned(base::WireWriter& out, const LearnedEntry& learned) {
  put_entry(out, learned.entry);
  out.u32(learned.position);
  out.u32(learned.topic_count);
  out.bytes(learned.topic_root.bytes);
  out.u8(static_cast<std::uint8_t>(learned.path.size()));
  for (const Digest& hash : learned.path) out.bytes(hash.bytes);
}

Result<LearnedEntry> get_learned(base::WireReader& in) {
  LearnedEntry learned;
  SHOAL_TRY(learned.entry, get_entry(in));
  learned.position = in.u32();
  learned.topic_count = in.u32();
  learned.topic_root.bytes = in.array<32>();
  learned.path.resize(in.u8());
  for (Digest& hash : learned.path) hash.bytes = in.array<32>();
  if (!in.ok()) return bad("learned entry");
  return learned;
}

}  // namespace

Bytes state_key(store::FeedNumber feed) { return store::feed_property_key(feed, "log/state"); }

Bytes encode_state_row(const StateRow& row) {
  base::WireWriter out;
  out.u8(kVersion);
  out.bytes(row.feed.key.bytes);
  out.u64(row.applied);
  put_edge(out, row.edge);
  return std::move(out).take();
}

Result<StateRow> decode_state_row(ByteView bytes) {
  base::WireReader in(bytes);
  StateRow row;
  if (in.u8() != kVersion) return bad("log state version");
  row.feed.key.bytes = in.array<32>();
  row.applied = in.u64();
  SHOAL_TRY(row.edge, get_edge(in));
  row.header_prefix = row.edge.size();
  if (!in.finished() || row.applied > row.header_prefix) return bad("log state");
  return row;
}

void put_partition(store::WriteBatch& batch, store::FeedNumber feed, std::uint32_t number,
                   const PartitionState& partition, const TopicState* topics) {
  const TopicStateEntry* entry = partition.position ? &topics->at(*partition.position) : nullptr;
  batch.put(store::Column::topics, store::topic_key(feed, store::TopicNumber{number}),
            encode_partition(partition, entry));
}

Bytes encode_partition(const PartitionState& partition, const TopicStateEntry* entry) {
  base::WireWriter out;
  out.u8(kVersion);
  std::uint8_t flags = 0;
  if (entry != nullptr) flags |= kHasPosition;
  if (partition.learned) flags |= kHasLearned;
  if (partition.last_held) flags |= kHasBlocks;
  out.u8(flags);
  out.u8(static_cast<std::uint8_t>(partition.stream.topic.size()));
  out.bytes({reinterpret_cast<const std::uint8_t*>(partition.stream.topic.data()), partition.stream.topic.size()});
  out.u32(static_cast<std::uint32_t>(partition.stream.partition.value()));
  out.i64(partition.log_start.value());
  out.i64(partition.high_watermark.value());
  out.u64(partition.payload_bytes);
  if (partition.last_held) {
    out.i64(partition.held_end.value());
    out.u64(partition.last_held->value());
    out.i64(partition.largest_held.value());
  }
  if (entry != nullptr) {
    out.u32(partition.position.value_or(0));
    put_entry(out, *entry);
  }
  if (partition.learned) put_learned(out, *partition.learned);
  return std::move(out).take();
}

Result<PartitionRow> decode_partition(ByteView bytes) {
  base::WireReader in(bytes);
  if (in.u8() != kVersion) return bad("partition version");
  const std::uint8_t flags = in.u8();
  PartitionRow row;
  PartitionState& partition = row.partition;
  const ByteView topic = in.bytes(in.u8());
  partition.stream.topic.assign(topic.begin(), topic.end());
  partition.stream.partition = Partition{static_cast<std::int32_t>(in.u32())};
  partition.log_start = Offset{in.i64()};
  partition.high_watermark = Offset{in.i64()};
  partition.payload_bytes = in.u64();
  if ((flags & kHasBlocks) != 0) {
    partition.held_end = Offset{in.i64()};
    partition.last_held = BlockIndex{in.u64()};
    partition.largest_held = UnixMs{in.i64()};
  }
  if ((flags & kHasPosition) != 0) {
    partition.position = in.u32();
    SHOAL_TRY(row.entry, get_entry(in));
  }
  if ((flags & kHasLearned) != 0) {
    SHOAL_TRY(partition.learned, get_learned(in));
  }
  if (!in.finished()) return bad("partition");
  return row;
}

Bytes head_edge_key(store::FeedNumber feed) { return store::feed_property_key(feed, "log/head-edge"); }

Bytes encode_edge(const merkle::RightEdge& edge) {
  base::WireWriter out;
  put_edge(out, edge);
  return std::move(out).take();
}

Result<merkle::RightEdge> decode_edge(ByteView bytes) {
  base::WireReader in(bytes);
  SHOAL_TRY(merkle::RightEdge edge, get_edge(in));
  if (!in.finished()) return bad("right edge");
  return edge;
}

}  // namespace shoal::feed
