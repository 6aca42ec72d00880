#pragma once

#include "crypto/hash.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Blocks: the leaves of a feed (docs/FORMAT.md, "Block").
namespace shoal::feed {

using crypto::Digest;

enum class BlockKind : std::uint8_t { data = 1, manifest = 2, epoch = 3 };

inline constexpr std::size_t kMinHeaderSize = 97;
inline constexpr std::size_t kMaxHeaderSize = 1024;
inline constexpr std::size_t kMaxPayloadSize = std::size_t{8} << 20;
/// Payloads are hashed, sent and verified in pieces of this size; the last one is shorter.
inline constexpr std::size_t kPieceSize = std::size_t{64} << 10;
inline constexpr std::size_t kMaxTopicLength = 249;
inline constexpr std::uint32_t kMaxTopicPartitions = 65536;
inline constexpr std::size_t kMaxManifestSize = std::size_t{64} << 10;

/// A half-open run of blocks.
struct BlockRange {
  BlockIndex begin{0};
  BlockIndex end{0};
  auto operator<=>(const BlockRange&) const = default;
};

/// A decoded block header. Times are milliseconds; the three record timestamps are kNoTime for kinds without records.
struct BlockHeader {
  std::uint8_t kind = 0;               ///< a BlockKind, or an unknown kind, which is kept and skipped
  TopicPartition stream;               ///< the empty topic is the reserved manifest stream
  std::optional<BlockIndex> previous;  ///< previous block of the same partition
  Offset base_offset{0};
  std::uint32_t record_count = 0;
  std::uint32_t payload_size = 0;
  UnixMs append_time{0};
  UnixMs smallest_time{0};
  UnixMs largest_time{0};
  UnixMs running_largest_time{0};  ///< largest timestamp of the partition up to and including this block
  Digest payload_root;
  Bytes extension;  ///< bytes of a later minor version: hashed, kept, ignored

  [[nodiscard]] Offset next_offset() const { return base_offset + static_cast<std::int64_t>(record_count); }
  [[nodiscard]] bool is(BlockKind wanted) const { return kind == static_cast<std::uint8_t>(wanted); }
  auto operator<=>(const BlockHeader&) const = default;
};

/// True for Kafka's rule: 1..249 of [a-zA-Z0-9._-], and neither `.` nor `..`.
bool is_legal_topic(std::string_view topic);

/// Checks what must hold between the fields of any header. Code::unverified.
[[nodiscard]] Result<void> check_header(const BlockHeader& header);
/// Bytes that are hashed into the tree. Requires a legal header.
Bytes encode_header(const BlockHeader& header);
/// Strict: Code::unverified for a wrong version, sizes, topic, counts or times that contradict each other.
[[nodiscard]] Result<BlockHeader> decode_header(ByteView bytes);

/// Leaf hash of a header, SHA-256(0x00 || header).
Digest header_leaf(ByteView header);

/// RFC 9162 root over the payload's pieces; of an empty payload the hash of nothing.
Digest payload_root(ByteView payload);
/// Size and root of the payload are those of the header. Code::unverified.
[[nodiscard]] Result<void> verify_payload(const BlockHeader& header, ByteView payload);

/// Siblings of piece `piece` in the payload's tree (RFC 9162 inclusion proof over at most 128 leaves).
[[nodiscard]] Result<std::vector<Digest>> prove_piece(ByteView payload, std::uint32_t piece);
[[nodiscard]] Result<void> verify_piece(const BlockHeader& header, std::uint32_t piece, ByteView bytes,
                                        const std::vector<Digest>& path);
/// Number of pieces of a payload of `size` bytes.
constexpr std::uint32_t piece_count(std::uint32_t size) {
  return static_cast<std::uint32_t>((size + kPieceSize - 1) / kPieceSize);
}

}  // namespace shoal::feed
