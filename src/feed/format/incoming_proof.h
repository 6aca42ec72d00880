#pragma once

#include "feed/format/block.h"
#include "feed/mirror/feed_mirror.h"
#include "merkle/subtree_cover.h"

#include <map>

/// What a mirror checks of bytes before it looks at its own rows: pure functions.
namespace shoal::feed {

/// A block whose header decoded; views are the sender's.
struct DecodedBlock {
  const IncomingBlock* incoming = nullptr;
  BlockHeader header;
  Digest leaf;
};

/// Ascending, inside [base, size), headers well-formed, payloads those of their headers and sound for their kind.
/// Code::unverified.
[[nodiscard]] Result<std::vector<DecodedBlock>> check_blocks(const Checkpoint& head, std::uint64_t base,
                                                             const std::vector<IncomingBlock>& blocks);
/// The payload is the header's; a data payload is a sound batch with the header's offset and count, a manifest parses.
[[nodiscard]] Result<void> check_payload(const BlockHeader& header, Epoch epoch, ByteView payload);

/// The hashes that one verified cover taught, as a tree that can be asked.
class ProvenNodes final : public merkle::HashReader {
 public:
  ProvenNodes(const merkle::RightEdge& from, const std::vector<DecodedBlock>& blocks, const merkle::CoverResult& cover);
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<merkle::NodeId>& nodes) const override;

 private:
  std::map<merkle::NodeId, Digest> hashes_;
};

}  // namespace shoal::feed
