#include "feed/bundle_frame.h"

#include "base/assert.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/hash_list.h"

#include <limits>

// docs/FORMAT.md, "Bundle".
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

Result<IncomingBlock> read_block(base::WireReader& in) {
  IncomingBlock block;
  block.index = BlockIndex{in.u64()};
  block.header = in.bytes(in.u16());
  const std::uint8_t has_payload = in.u8();
  if (!in.ok() || has_payload > 1) return bad("malformed block");
  if (has_payload == 1) {
    SHOAL_TRY(const BlockHeader header, decode_header(block.header));
    block.payload = in.bytes(header.payload_size);
    if (!in.ok()) return bad("malformed block");
  }
  return block;
}

}  // namespace

Bytes encode_frame(FrameType type, ByteView body) {
  SHOAL_ASSERT(body.size() <= kMaxFrameBody);
  base::WireWriter out(kFrameHeaderSize + body.size());
  out.u8(static_cast<std::uint8_t>(type));
  out.u32(static_cast<std::uint32_t>(body.size()));
  out.bytes(body);
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

Bytes encode_run(const BundleRun& run) {
  SHOAL_ASSERT(!run.blocks.empty() && run.blocks.size() <= kMaxRunBlocks);
  SHOAL_ASSERT(run.cover.size() <= std::numeric_limits<std::uint16_t>::max());
  base::WireWriter out;
  out.u64(run.base);
  out.u16(static_cast<std::uint16_t>(run.blocks.size()));
  for (const IncomingBlock& block : run.blocks) {
    out.u64(block.index.value());
    out.u16(static_cast<std::uint16_t>(block.header.size()));
    out.bytes(block.header);
    out.u8(block.payload ? 1 : 0);
    if (block.payload) out.bytes(*block.payload);
  }
  out.u16(static_cast<std::uint16_t>(run.cover.size()));
  write_hashes(out, run.cover);
  return std::move(out).take();
}

Result<BundleRun> decode_run(ByteView body) {
  base::WireReader in(body);
  BundleRun run;
  run.base = in.u64();
  const std::size_t count = in.u16();
  if (count == 0 || count > kMaxRunBlocks) return bad("illegal number of blocks in a run");
  run.blocks.reserve(count);
  std::size_t payload_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    SHOAL_TRY(IncomingBlock block, read_block(in));
    const bool ascends = run.blocks.empty() ? block.index.value() >= run.base : block.index > run.blocks.back().index;
    if (!ascends) return bad("blocks out of order");
    if (block.payload) payload_bytes += block.payload->size();
    run.blocks.push_back(block);
  }
  if (payload_bytes > kMaxPayloadSize) return bad("payloads of a run above the limit");
  run.cover = read_hashes(in, in.u16());
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

Bytes encode_totals(const BundleTotals& totals) {
  base::WireWriter out(kTotalsSize);
  out.u64(totals.blocks);
  out.u64(totals.payloads);
  return std::move(out).take();
}

Result<BundleTotals> decode_totals(ByteView body) {
  base::WireReader in(body);
  const BundleTotals totals{in.u64(), in.u64()};
  if (!in.finished()) return bad("malformed end");
  return totals;
}

}  // namespace shoal::feed
