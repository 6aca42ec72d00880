#include "replication/serve/run_builder.h"

#include "base/try.h"
#include "base/wire.h"
#include "merkle/subtree_cover.h"

namespace shoal::replication {
namespace {

constexpr std::size_t kBlockFields = 8 + 4 + 1;
constexpr std::size_t kPayloadLength = 4;

/// Payload size of an encoded header (docs/FORMAT.md, "Block").
std::uint32_t payload_size(ByteView header) {
  base::WireReader in(header);
  in.bytes(28);
  return in.u32();
}

}  // namespace

RunBuilder::RunBuilder(const feed::FeedReader& reader, Frame frame)
    : reader_(reader), frame_(frame), covered_(frame.base) {
  data_.tree_size = frame.tree_size;
  data_.base = frame.base;
  data_.with_head = frame.with_head;
  bytes_ = encoded_size(data_);
}

std::size_t RunBuilder::size_with(BlockIndex block, std::size_t block_bytes) const {
  const std::size_t gap = merkle::cover(covered_, block.value()).size();
  const std::size_t rest = merkle::cover(block.value() + 1, frame_.tree_size).size();
  return bytes_ + block_bytes + 32 * (gap_hashes_ + gap + rest);
}

Result<RunBuilder::Add> RunBuilder::add(BlockIndex block) {
  if (data_.blocks.size() == kMaxRunBlocks) return Add::full;
  Result<Bytes> header = reader_.header_bytes(block);
  if (!header) {
    if (header.error().code == Code::not_found) return Add::not_held;
    return header.error();
  }
  DataBlock out;
  out.index = block;
  const std::uint32_t payload = payload_size(*header);
  std::size_t size = kBlockFields + header->size();
  const bool inside = payload <= kMaxInlinePayload;
  const bool header_only = frame_.headers_only || payload > frame_.push_limit;
  if (!header_only && inside) size += kPayloadLength + payload;
  if (size_with(block, size) > frame_.max_bytes) return Add::full;

  if (!header_only) {
    Result<bool> held = inside ? Result<bool>(true) : reader_.has_payload(block);
    if (!held) return held.error();
    out.form = inside ? PayloadForm::with_block : PayloadForm::pieces;
    if (inside || !*held) {
      Result<Bytes> bytes = reader_.payload(block);
      if (bytes) {
        out.payload = std::move(*bytes);
      } else if (bytes.error().code == Code::pruned) {
        out.form = PayloadForm::pruned;
      } else if (bytes.error().code == Code::not_found) {
        return Add::not_held;
      } else {
        return bytes.error();
      }
    }
  }
  gap_hashes_ += merkle::cover(covered_, block.value()).size();
  covered_ = block.value() + 1;
  bytes_ += size;
  out.header = std::move(*header);
  const bool last = out.form == PayloadForm::pieces;
  if (last) pieced_payload_ = payload;
  indices_.push_back(block.value());
  data_.blocks.push_back(std::move(out));
  return last ? Add::last : Add::added;
}

Result<Data> RunBuilder::finish() {
  SHOAL_TRY(data_.cover, merkle::build_cover(reader_.tree(), frame_.base, frame_.tree_size, indices_));
  return std::move(data_);
}

}  // namespace shoal::replication
