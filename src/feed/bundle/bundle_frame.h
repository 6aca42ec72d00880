#pragma once

#include "feed/mirror/feed_mirror.h"
#include "merkle/right_edge.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// The frames of a bundle (docs/FORMAT.md, "Bundle"): bytes to structures and back, no files and no trust.
namespace shoal::feed {

/// First bytes of a bundle; the last one is the format's version.
inline constexpr std::string_view kBundleMagic = "SHOALBN1";
/// A frame is u8 type | u32 size of the body | body.
inline constexpr std::size_t kFrameHeaderSize = 5;
inline constexpr std::size_t kMaxFrameBody = std::size_t{12} << 20;
inline constexpr std::size_t kMaxRunBlocks = 256;
inline constexpr std::size_t kMaxTopicFrameEntries = 256;
inline constexpr std::size_t kMaxClaimedTopics = 8192;

enum class FrameType : std::uint8_t { note = 1, base = 2, run = 3, topics = 4, end = 5 };

/// What a run has of a block's payload.
enum class PayloadMark : std::uint8_t { absent = 0, here = 1, pruned = 2 };

/// A block of a run without its payload's bytes. Views into the frame.
struct RunBlock {
  BlockIndex index{0};
  ByteView header;
  PayloadMark mark = PayloadMark::absent;
  std::uint32_t payload_size = 0;  ///< bytes that follow; 0 unless PayloadMark::here
};

/// What stands before the payloads in a run: blocks, and the cover that proves them under the bundle's head.
struct RunHead {
  std::uint64_t base = 0;             ///< end of the blocks that the bundle gave from its base on without a hole
  std::vector<RunBlock> blocks;       ///< up to kMaxRunBlocks, ascending; payloads together at most kMaxPayloadSize
  std::vector<merkle::Digest> cover;  ///< cover_around(base, tree size, indices)
};

/// A whole run. Views into the frame's body.
struct BundleRun {
  std::uint64_t base = 0;
  std::vector<IncomingBlock> blocks;
  std::vector<merkle::Digest> cover;
};

/// A topic-state entry with its path under the bundle's head.
struct BundleTopicEntry {
  std::uint32_t position = 0;
  TopicStateEntry entry;
  std::vector<merkle::Digest> path;
};

/// Times of a claim that excludes none.
inline constexpr UnixMs kNoLowerTime{std::numeric_limits<std::int64_t>::min()};
inline constexpr UnixMs kNoUpperTime{std::numeric_limits<std::int64_t>::max()};

/// What ends a bundle: what it holds, and what its writer says it selected. `range_end` and the selection are the
/// writer's word, which nothing signs; whether all of it is there can be proven.
struct BundleEnd {
  std::uint64_t blocks = 0;
  std::uint64_t payloads = 0;
  std::uint64_t range_end = 0;      ///< blocks in [base, range_end) were looked at; at most the tree size
  UnixMs from = kNoLowerTime;       ///< payloads of blocks that may hold records with time >= from
  UnixMs before = kNoUpperTime;     ///< … and < before
  std::vector<std::string> topics;  ///< of these topics only, ascending; empty: of all

  [[nodiscard]] bool selects_times() const { return from != kNoLowerTime || before != kNoUpperTime; }
  /// All headers of the range are claimed, and all payloads that were not pruned.
  [[nodiscard]] bool is_whole() const { return topics.empty() && !selects_times(); }
  [[nodiscard]] bool selects(const TopicPartition& stream) const;
  /// Whether the payload is claimed of a block whose header is.
  [[nodiscard]] bool wants_payload(const BlockHeader& header) const;
  bool operator==(const BundleEnd&) const = default;
};

/// Size of the SHA-256 that is the last field of a bundle: of all its bytes before.
inline constexpr std::size_t kBundleDigestSize = 32;

struct FrameHeader {
  FrameType type = FrameType::end;
  std::uint32_t size = 0;
};
Bytes encode_frame_header(FrameType type, std::size_t size);
/// Code::unverified for an unknown type or a size above kMaxFrameBody, as all decoders here, which are strict about
/// sizes, counts and order and verify no hash.
[[nodiscard]] Result<FrameHeader> decode_frame_header(ByteView bytes);

Bytes encode_base(const merkle::RightEdge& edge);
[[nodiscard]] Result<merkle::RightEdge> decode_base(ByteView body);

/// A run's body begins with u32 size of the head | head; the payloads follow in the order of their blocks.
inline constexpr std::size_t kRunPrefixSize = 4;
/// Bytes before the payloads: the prefix too.
Bytes encode_run_head(const RunHead& run);
/// `head` without the prefix.
[[nodiscard]] Result<RunHead> decode_run_head(ByteView head);
/// `body` whole.
[[nodiscard]] Result<BundleRun> decode_run(ByteView body);

Bytes encode_topic_entries(const std::vector<BundleTopicEntry>& entries);
[[nodiscard]] Result<std::vector<BundleTopicEntry>> decode_topic_entries(ByteView body);

/// Without the digest.
Bytes encode_end(const BundleEnd& end);
/// `body` with the digest, which is not looked at.
[[nodiscard]] Result<BundleEnd> decode_end(ByteView body);

}  // namespace shoal::feed
