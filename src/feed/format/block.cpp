#include "feed/format/block.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/leaf_tree.h"
#include "merkle/inclusion_proof.h"
#include "merkle/tree_hash.h"

#include <algorithm>
#include <limits>

// docs/FORMAT.md, "Block".
namespace shoal::feed {
namespace {

constexpr std::uint8_t kHeaderVersion = 1;

Error bad(std::string_view what) { return Error{Code::unverified, "block header: " + std::string(what)}; }

bool has_records(const BlockHeader& header) { return header.is(BlockKind::data); }

Result<void> check_stream(const BlockHeader& header) {
  if (has_records(header)) {
    if (!is_legal_topic(header.stream.topic)) return bad("illegal topic name");
    const std::int32_t partition = header.stream.partition.value();
    if (partition < 0 || static_cast<std::uint32_t>(partition) >= kMaxTopicPartitions) return bad("illegal partition");
    return {};
  }
  if (!header.stream.topic.empty() || header.stream.partition != Partition{0}) {
    return bad("only data blocks belong to a topic");
  }
  return {};
}

Result<void> check_times(const BlockHeader& header) {
  if (header.append_time.value() < 0) return bad("append time before 1970");
  if (has_records(header)) {
    if (header.smallest_time > header.largest_time || header.largest_time > header.running_largest_time) {
      return bad("record timestamps contradict each other");
    }
    return {};
  }
  if (header.smallest_time != kNoTime || header.largest_time != kNoTime || header.running_largest_time != kNoTime) {
    return bad("record timestamps without records");
  }
  return {};
}

ByteView piece_of(ByteView payload, std::size_t piece) {
  const std::size_t begin = piece * kPieceSize;
  return payload.subspan(begin, std::min(kPieceSize, payload.size() - begin));
}

}  // namespace

bool is_legal_topic(std::string_view topic) {
  if (topic.empty() || topic.size() > kMaxTopicLength || topic == "." || topic == "..") return false;
  return std::all_of(topic.begin(), topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<void> check_header(const BlockHeader& header) {
  if (header.kind == 0) return bad("kind 0");
  SHOAL_CHECK(check_stream(header));
  SHOAL_CHECK(check_times(header));
  if (header.record_count == 0 || (!has_records(header) && header.record_count != 1))
    return bad("illegal record count");
  const std::int64_t base = header.base_offset.value();
  if (base < 0 || base > std::numeric_limits<std::int64_t>::max() - std::int64_t{header.record_count}) {
    return bad("illegal base offset");
  }
  if (header.previous.has_value() != (base != 0)) return bad("previous block and base offset contradict each other");
  if (header.previous && header.previous->value() >= merkle::kMaxTreeSize) return bad("illegal previous block");
  const std::size_t limit = header.is(BlockKind::manifest) ? kMaxManifestSize : kMaxPayloadSize;
  if (header.payload_size > limit) return bad("payload above the limit");
  if (kMinHeaderSize + header.stream.topic.size() + header.extension.size() > kMaxHeaderSize) return bad("too long");
  return {};
}

Bytes encode_header(const BlockHeader& header) {
  SHOAL_ASSERT(check_header(header).ok());
  base::WireWriter out(kMinHeaderSize + header.stream.topic.size() + header.extension.size());
  out.u8(kHeaderVersion);
  out.u8(header.kind);
  out.u16(0);
  out.u32(static_cast<std::uint32_t>(header.stream.partition.value()));
  out.u64(header.previous ? header.previous->value() + 1 : 0);
  out.i64(header.base_offset.value());
  out.u32(header.record_count);
  out.u32(header.payload_size);
  out.i64(header.append_time.value());
  out.i64(header.smallest_time.value());
  out.i64(header.largest_time.value());
  out.i64(header.running_largest_time.value());
  out.bytes(header.payload_root.bytes);
  out.u8(static_cast<std::uint8_t>(header.stream.topic.size()));
  out.bytes(base::as_bytes(header.stream.topic));
  out.bytes(header.extension);
  return std::move(out).take();
}

Result<BlockHeader> decode_header(ByteView bytes) {
  if (bytes.size() < kMinHeaderSize || bytes.size() > kMaxHeaderSize) return bad("illegal size");
  base::WireReader in(bytes);
  BlockHeader header;
  if (in.u8() != kHeaderVersion) return bad("unknown version");
  header.kind = in.u8();
  if (in.u16() != 0) return bad("unknown flags");
  const std::uint32_t partition = in.u32();
  if (partition >= kMaxTopicPartitions) return bad("illegal partition");
  header.stream.partition = Partition{static_cast<std::int32_t>(partition)};
  if (const std::uint64_t previous = in.u64(); previous != 0) header.previous = BlockIndex{previous - 1};
  header.base_offset = Offset{in.i64()};
  header.record_count = in.u32();
  header.payload_size = in.u32();
  header.append_time = UnixMs{in.i64()};
  header.smallest_time = UnixMs{in.i64()};
  header.largest_time = UnixMs{in.i64()};
  header.running_largest_time = UnixMs{in.i64()};
  header.payload_root.bytes = in.array<32>();
  header.stream.topic = std::string(base::as_text(in.bytes(in.u8())));
  const ByteView extension = in.bytes(in.remaining());
  header.extension.assign(extension.begin(), extension.end());
  if (!in.finished()) return bad("cut short");
  SHOAL_CHECK(check_header(header));
  return header;
}

Digest header_leaf(ByteView header) { return merkle::leaf_hash(header); }

Digest payload_root(ByteView payload) {
  const std::size_t pieces = (payload.size() + kPieceSize - 1) / kPieceSize;
  std::vector<Digest> leaves;
  leaves.reserve(pieces);
  for (std::size_t i = 0; i < pieces; ++i) leaves.push_back(merkle::leaf_hash(piece_of(payload, i)));
  return merkle::tree_root(leaves);
}

Result<void> verify_payload(const BlockHeader& header, ByteView payload) {
  if (payload.size() != header.payload_size) return Error{Code::unverified, "payload: not the size in its header"};
  if (payload_root(payload) != header.payload_root)
    return Error{Code::unverified, "payload: not the one its header names"};
  return {};
}

Result<std::vector<Digest>> prove_piece(ByteView payload, std::uint32_t piece) {
  const std::size_t pieces = (payload.size() + kPieceSize - 1) / kPieceSize;
  if (piece >= pieces) return Error{Code::invalid_argument, "the payload has no such piece"};
  LeafTree tree;
  for (std::size_t i = 0; i < pieces; ++i) tree.append(merkle::leaf_hash(piece_of(payload, i)));
  return merkle::prove_inclusion(tree, piece, pieces);
}

Result<void> verify_piece(const BlockHeader& header, std::uint32_t piece, ByteView bytes,
                          const std::vector<Digest>& path) {
  const std::uint32_t pieces = piece_count(header.payload_size);
  if (piece >= pieces) return Error{Code::unverified, "payload piece: the payload has no such piece"};
  const std::size_t begin = std::size_t{piece} * kPieceSize;
  if (bytes.size() != std::min(kPieceSize, header.payload_size - begin)) {
    return Error{Code::unverified, "payload piece: wrong size"};
  }
  return merkle::verify_inclusion(merkle::leaf_hash(bytes), piece, pieces, path, header.payload_root);
}

}  // namespace shoal::feed
