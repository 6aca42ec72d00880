#pragma once

#include "feed/feed_mirror.h"

#include <string_view>

/// The frames of a bundle file (docs/FORMAT.md, "Bundle"): bytes to structures and back, no files and no trust.
namespace shoal::feed {

/// First bytes of the file; the last one is the format's version.
inline constexpr std::string_view kBundleMagic = "SHOALBN1";
/// A frame is u8 type | u32 size of the body | body.
inline constexpr std::size_t kFrameHeaderSize = 5;
inline constexpr std::size_t kMaxFrameBody = std::size_t{12} << 20;
inline constexpr std::size_t kMaxRunBlocks = 256;
inline constexpr std::size_t kMaxTopicFrameEntries = 256;

enum class FrameType : std::uint8_t { note = 1, run = 2, topics = 3, end = 4 };

/// Blocks with the cover that proves them under the bundle's head. Views into the frame's body.
struct BundleRun {
  std::uint64_t base = 0;             ///< 0, or the number of blocks that the runs before gave from 0 on without a hole
  std::vector<IncomingBlock> blocks;  ///< 1 to kMaxRunBlocks, ascending; payloads together at most kMaxPayloadSize
  std::vector<merkle::Digest> cover;  ///< cover_around(base, tree size, indices)
};

/// A topic-state entry with its path under the bundle's head.
struct BundleTopicEntry {
  std::uint32_t position = 0;
  TopicStateEntry entry;
  std::vector<merkle::Digest> path;
};

/// What the whole file held.
struct BundleTotals {
  std::uint64_t blocks = 0;
  std::uint64_t payloads = 0;
  auto operator<=>(const BundleTotals&) const = default;
};

/// Body size of the frame of totals, which ends every bundle.
inline constexpr std::size_t kTotalsSize = 16;

/// Type and size in front of a body.
Bytes encode_frame(FrameType type, ByteView body);
struct FrameHeader {
  FrameType type = FrameType::end;
  std::uint32_t size = 0;
};
/// Code::unverified for an unknown type or a size above kMaxFrameBody.
[[nodiscard]] Result<FrameHeader> decode_frame_header(ByteView bytes);

/// The decoders are strict about sizes, counts and order (Code::unverified) and verify no hash.
Bytes encode_run(const BundleRun& run);
[[nodiscard]] Result<BundleRun> decode_run(ByteView body);
Bytes encode_topic_entries(const std::vector<BundleTopicEntry>& entries);
[[nodiscard]] Result<std::vector<BundleTopicEntry>> decode_topic_entries(ByteView body);
Bytes encode_totals(const BundleTotals& totals);
[[nodiscard]] Result<BundleTotals> decode_totals(ByteView body);

}  // namespace shoal::feed
