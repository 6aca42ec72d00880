#include "feed/write/commit_group.h"

#include "base/try.h"
#include "base/wire.h"

namespace shoal::feed {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedSize = 1 + 8 + kCheckpointSize + 4;
constexpr std::size_t kBlockOverhead = 2 + 4;

}  // namespace

std::size_t group_size(const std::vector<GroupBlockView>& blocks) {
  std::size_t size = kFixedSize;
  for (const GroupBlockView& block : blocks) size += kBlockOverhead + block.header.size() + block.payload.size();
  return size;
}

Bytes encode_group(std::uint64_t first, const Checkpoint& head, const std::vector<GroupBlockView>& blocks) {
  base::WireWriter out(group_size(blocks));
  out.u8(kVersion);
  out.u64(first);
  out.bytes(encode_checkpoint(head));
  out.u32(static_cast<std::uint32_t>(blocks.size()));
  for (const GroupBlockView& block : blocks) {
    out.u16(static_cast<std::uint16_t>(block.header.size()));
    out.bytes(block.header);
    out.u32(static_cast<std::uint32_t>(block.payload.size()));
    out.bytes(block.payload);
  }
  return std::move(out).take();
}

Result<CommitGroup> decode_group(ByteView bytes) {
  const Error bad{Code::corrupt, "a malformed group in the journal"};
  base::WireReader in(bytes);
  CommitGroup group;
  if (in.u8() != kVersion) return bad;
  group.first = in.u64();
  const auto head = decode_checkpoint(in.bytes(kCheckpointSize));
  const std::uint32_t count = in.u32();
  if (!head || !in.ok() || count > in.remaining() / kBlockOverhead) return bad;
  group.head = *head;
  group.blocks.resize(count);
  for (CommitGroup::Block& block : group.blocks) {
    const ByteView header = in.bytes(in.u16());
    const ByteView payload = in.bytes(in.u32());
    block.header.assign(header.begin(), header.end());
    block.payload.assign(payload.begin(), payload.end());
  }
  if (!in.finished() || group.first + count != group.head.tree_size) return bad;
  return group;
}

}  // namespace shoal::feed
