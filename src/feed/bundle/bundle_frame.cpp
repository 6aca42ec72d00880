#include "feed/bundle/bundle_frame.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/hash_list.h"

#include <algorithm>
#include <bit>

// docs/FORMAT.md, "Bundle": bytes of the frames. Every count is checked against the bytes that are left before memory
// is taken for it; sizes come from strangers.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

Result<RunBlock> read_block(base::WireReader& in) {
  RunBlock block;
  block.index = BlockIndex{in.u64()};
  block.header = in.bytes(in.u16());
  const std::uint8_t mark = in.u8();
  if (!in.ok() || mark > static_cast<std::uint8_t>(PayloadMark::pruned)) return bad("malformed block");
  block.mark = static_cast<PayloadMark>(mark);
  SHOAL_TRY(const BlockHeader header, decode_header(block.header));
  if (block.mark == PayloadMark::here) block.payload_size = header.payload_size;
  return block;
}

Result<void> check_topics(const std::vector<std::string>& topics) {
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (!is_legal_topic(topics[i])) return bad("an illegal topic in its end");
    if (i > 0 && topics[i - 1] >= topics[i]) return bad("topics out of order in its end");
  }
  return {};
}

}  // namespace

bool BundleEnd::selects(const TopicPartition& stream) const {
  return stream.topic.empty() || topics.empty() || std::binary_search(topics.begin(), topics.end(), stream.topic);
}

bool BundleEnd::wants_payload(const BlockHeader& header) const {
  if (!header.is(BlockKind::data)) return true;
  return header.largest_time >= from && header.smallest_time < before;
}

Bytes encode_frame_header(FrameType type, std::size_t size) {
  SHOAL_ASSERT(size <= kMaxFrameBody);
  base::WireWriter out(kFrameHeaderSize);
  out.u8(static_cast<std::uint8_t>(type));
  out.u32(static_cast<std::uint32_t>(size));
  return std::move(out).take();
}

Result<FrameHeader> decode_frame_header(ByteView bytes) {
  base::WireReader in(bytes);
  const std::uint8_t type = in.u8();
  const std::uint32_t size = in.u32();
  if (!in.finished()) return bad("cut short");
  if (type < static_cast<std::uint8_t>(FrameType::note) || type > static_cast<std::uint8_t>(FrameType::end)) {
    return bad("unknown frame type");
  }
  if (size > kMaxFrameBody) return bad("frame above the limit");
  return FrameHeader{static_cast<FrameType>(type), size};
}

Bytes encode_base(const merkle::RightEdge& edge) {
  base::WireWriter out;
  out.u64(edge.size());
  write_hashes(out, edge.hashes());
  return std::move(out).take();
}

Result<merkle::RightEdge> decode_base(ByteView body) {
  base::WireReader in(body);
  const std::uint64_t size = in.u64();
  if (!in.ok() || size >= merkle::kMaxTreeSize) return bad("malformed base");
  std::vector<merkle::Digest> hashes = read_hashes(in, static_cast<std::size_t>(std::popcount(size)));
  if (!in.finished()) return bad("malformed base");
  return merkle::RightEdge::from_hashes(size, std::move(hashes));
}

Bytes encode_run_head(const RunHead& run) {
  SHOAL_ASSERT(run.blocks.size() <= kMaxRunBlocks);
  SHOAL_ASSERT(run.cover.size() <= std::numeric_limits<std::uint16_t>::max());
  base::WireWriter out;
  out.u64(run.base);
  out.u16(static_cast<std::uint16_t>(run.blocks.size()));
  for (const RunBlock& block : run.blocks) {
    out.u64(block.index.value());
    out.u16(static_cast<std::uint16_t>(block.header.size()));
    out.bytes(block.header);
    out.u8(static_cast<std::uint8_t>(block.mark));
  }
  out.u16(static_cast<std::uint16_t>(run.cover.size()));
  write_hashes(out, run.cover);
  base::WireWriter whole(kRunPrefixSize + out.size());
  whole.u32(static_cast<std::uint32_t>(out.size()));
  whole.bytes(out.view());
  return std::move(whole).take();
}

Result<RunHead> decode_run_head(ByteView head) {
  base::WireReader in(head);
  RunHead run;
  run.base = in.u64();
  const std::size_t count = in.u16();
  if (!in.ok() || count > kMaxRunBlocks) return bad("too many blocks in a run");
  run.blocks.reserve(count);
  std::size_t payload_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    SHOAL_TRY(RunBlock block, read_block(in));
    const bool ascends = run.blocks.empty() ? block.index.value() >= run.base : block.index > run.blocks.back().index;
    if (!ascends) return bad("blocks out of order");
    payload_bytes += block.payload_size;
    run.blocks.push_back(block);
  }
  if (payload_bytes > kMaxPayloadSize) return bad("payloads of a run above the limit");
  run.cover = read_hashes(in, in.u16());
  if (!in.finished()) return bad("malformed run");
  return run;
}

Result<BundleRun> decode_run(ByteView body) {
  base::WireReader in(body);
  const ByteView head_bytes = in.bytes(in.u32());
  if (!in.ok()) return bad("malformed run");
  SHOAL_TRY(RunHead head, decode_run_head(head_bytes));
  BundleRun run{head.base, {}, std::move(head.cover)};
  run.blocks.reserve(head.blocks.size());
  for (const RunBlock& block : head.blocks) {
    IncomingBlock incoming{block.index, block.header, {}};
    if (block.mark == PayloadMark::here) incoming.payload = in.bytes(block.payload_size);
    run.blocks.push_back(incoming);
  }
  if (!in.finished()) return bad("malformed run");
  return run;
}

Bytes encode_topic_entries(const std::vector<BundleTopicEntry>& entries) {
  SHOAL_ASSERT(!entries.empty() && entries.size() <= kMaxTopicFrameEntries);
  base::WireWriter out;
  out.u16(static_cast<std::uint16_t>(entries.size()));
  for (const BundleTopicEntry& item : entries) {
    const Bytes entry = encode_topic_entry(item.entry);
    out.u32(item.position);
    out.u16(static_cast<std::uint16_t>(entry.size()));
    out.bytes(entry);
    out.u8(static_cast<std::uint8_t>(item.path.size()));
    write_hashes(out, item.path);
  }
  return std::move(out).take();
}

Result<std::vector<BundleTopicEntry>> decode_topic_entries(ByteView body) {
  base::WireReader in(body);
  const std::size_t count = in.u16();
  if (count == 0 || count > kMaxTopicFrameEntries) return bad("illegal number of topic entries");
  std::vector<BundleTopicEntry> entries;
  entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    BundleTopicEntry item;
    item.position = in.u32();
    SHOAL_TRY(item.entry, decode_topic_entry(in.bytes(in.u16())));
    item.path = read_hashes(in, in.u8());
    entries.push_back(std::move(item));
  }
  if (!in.finished()) return bad("malformed topic entries");
  return entries;
}

Bytes encode_end(const BundleEnd& end) {
  SHOAL_ASSERT(end.topics.size() <= kMaxClaimedTopics);
  base::WireWriter out;
  out.u64(end.blocks);
  out.u64(end.payloads);
  out.u64(end.range_end);
  out.i64(end.from.value());
  out.i64(end.before.value());
  out.u16(static_cast<std::uint16_t>(end.topics.size()));
  for (const std::string& topic : end.topics) {
    out.u8(static_cast<std::uint8_t>(topic.size()));
    out.bytes(base::as_bytes(topic));
  }
  return std::move(out).take();
}

Result<BundleEnd> decode_end(ByteView body) {
  base::WireReader in(body);
  BundleEnd end;
  end.blocks = in.u64();
  end.payloads = in.u64();
  end.range_end = in.u64();
  end.from = UnixMs{in.i64()};
  end.before = UnixMs{in.i64()};
  const std::size_t count = in.u16();
  if (!in.ok() || count > kMaxClaimedTopics) return bad("malformed end");
  end.topics.reserve(count);
  for (std::size_t i = 0; i < count; ++i) end.topics.emplace_back(base::as_text(in.bytes(in.u8())));
  (void)in.bytes(kBundleDigestSize);
  if (!in.finished()) return bad("malformed end");
  SHOAL_CHECK(check_topics(end.topics));
  return end;
}

}  // namespace shoal::feed
