#pragma once

#include "feed/format/block.h"
#include "feed/format/checkpoint.h"
#include "merkle/right_edge.h"
#include "merkle/subtree_cover.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

/// What a mirror checks of bytes before it looks at its own rows: pure functions.
namespace shoal::feed {

/// A block as a peer or a bundle gives it; views only need to live during the call.
struct IncomingBlock {
  BlockIndex index{0};
  ByteView header;
  std::optional<ByteView> payload;  ///< absent when only the header is wanted or the payload follows in pieces
  bool stored = false;              ///< the store has the payload already (a bundle in place): checked when it is read
};

/// A block whose header decoded; views are the sender's.
struct DecodedBlock {
  const IncomingBlock* incoming = nullptr;
  BlockHeader header;
  Digest leaf;
};

/// Leaves of blocks that are ascending and inside [base, size). Code::unverified.
[[nodiscard]] Result<std::vector<merkle::Leaf>> leaves_of(const Checkpoint& head, std::uint64_t base,
                                                          const std::vector<IncomingBlock>& blocks);
/// A block whose header was proven to be in the signed tree. Code::contradiction when that header breaks "Block" of
/// FORMAT.md, and as check_payload().
[[nodiscard]] Result<DecodedBlock> decode_proven(const Checkpoint& head, const IncomingBlock& block,
                                                 const Digest& leaf);
/// Of a header that was proven to be signed. Code::unverified when the payload is not the header's: whoever gave it
/// lies. Code::contradiction when it is, and still no sound batch with the header's offset and count, or no manifest:
/// the owner signed that.
[[nodiscard]] Result<void> check_payload(const BlockHeader& header, Epoch epoch, ByteView payload);
/// An error about what is proven to be signed: Code::unverified becomes Code::contradiction.
[[nodiscard]] Error of_owner(Error error);

/// The hashes that one verified cover taught, as a tree that can be asked.
class ProvenNodes final : public merkle::HashReader {
 public:
  ProvenNodes(const merkle::RightEdge& from, const std::vector<merkle::Leaf>& leaves, const merkle::CoverResult& cover);
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<merkle::NodeId>& nodes) const override;

 private:
  std::map<merkle::NodeId, Digest> hashes_;
};

}  // namespace shoal::feed
