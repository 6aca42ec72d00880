#include "feed/format/incoming_proof.h"

#include "base/try.h"
#include "feed/format/manifest.h"
#include "record/batch_header.h"

namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, std::string(what)}; }

/// The owner signed the payload's root, so what is in it is the owner's.
Result<void> check_content(const BlockHeader& header, Epoch epoch, ByteView payload) {
  if (header.is(BlockKind::manifest)) {
    SHOAL_CHECK(decode_manifest(payload));
  } else if (header.is(BlockKind::data)) {
    SHOAL_TRY(const record::BatchInfo info, record::inspect_batch(payload));
    if (info.base_offset != header.base_offset) return bad("the batch has another base offset than its header");
    if (info.record_count != header.record_count) return bad("the batch has another record count than its header");
    if (info.max_timestamp != header.largest_time) return bad("the batch has another largest time than its header");
    if (info.leader_epoch > epoch.value()) return bad("the batch is of a later epoch");
  }
  return {};
}

}  // namespace

Error of_owner(Error error) {
  if (error.code == Code::unverified) error.code = Code::contradiction;
  return error;
}

Result<void> check_payload(const BlockHeader& header, Epoch epoch, ByteView payload) {
  if (payload.size() != header.payload_size && payload_root(payload) == header.payload_root) {
    return Error{Code::contradiction, "the payload of that root has another size than its header"};
  }
  SHOAL_CHECK(verify_payload(header, payload));
  if (auto sound = check_content(header, epoch, payload); !sound) return of_owner(std::move(sound).error());
  return {};
}

Result<std::vector<merkle::Leaf>> leaves_of(const Checkpoint& head, std::uint64_t base,
                                            const std::vector<IncomingBlock>& blocks) {
  std::vector<merkle::Leaf> out;
  out.reserve(blocks.size());
  std::uint64_t free = base;  // the smallest index the next block may have
  for (const IncomingBlock& block : blocks) {
    if (block.index.value() < free || block.index.value() >= head.tree_size) {
      return bad("blocks out of order or outside their head");
    }
    free = block.index.value() + 1;
    out.push_back({block.index.value(), header_leaf(block.header)});
  }
  return out;
}

Result<DecodedBlock> decode_proven(const Checkpoint& head, const IncomingBlock& block, const Digest& leaf) {
  auto header = decode_header(block.header);
  if (!header) return of_owner(std::move(header).error());
  if (header->previous && *header->previous >= block.index) {
    return of_owner(bad("a previous block that is not before"));
  }
  if (block.payload) SHOAL_CHECK(check_payload(*header, head.epoch, *block.payload));
  return DecodedBlock{&block, *std::move(header), leaf};
}

ProvenNodes::ProvenNodes(const merkle::RightEdge& from, const std::vector<merkle::Leaf>& leaves,
                         const merkle::CoverResult& cover) {
  const std::vector<merkle::NodeId> edge = merkle::cover(0, from.size());
  for (std::size_t i = 0; i < edge.size(); ++i) hashes_.emplace(edge[i], from.hashes()[i]);
  for (const merkle::Leaf& leaf : leaves) hashes_.emplace(merkle::NodeId{0, leaf.index}, leaf.hash);
  for (const auto& [node, hash] : cover.verified) hashes_.emplace(node, hash);
}

Result<std::vector<Digest>> ProvenNodes::read(const std::vector<merkle::NodeId>& nodes) const {
  std::vector<Digest> out;
  for (const merkle::NodeId& node : nodes) {
    const auto found = hashes_.find(node);
    if (found == hashes_.end()) return Error{Code::not_found, "the cover does not show that node"};
    out.push_back(found->second);
  }
  return out;
}

}  // namespace shoal::feed
