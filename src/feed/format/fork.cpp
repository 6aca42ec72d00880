#include "feed/format/fork.h"

#include "base/try.h"
#include "base/wire.h"
#include "feed/format/hash_list.h"
#include "merkle/subtree_cover.h"

// docs/FORMAT.md, "Fork proof".
namespace shoal::feed {
namespace {

using merkle::Digest;

constexpr std::uint8_t kVersion = 1;

Error bad(std::string_view what) { return Error{Code::unverified, "fork proof: " + std::string(what)}; }

/// A count of one byte, then the hashes.
void write_counted(base::WireWriter& out, const std::vector<Digest>& hashes) {
  out.u8(static_cast<std::uint8_t>(hashes.size()));
  write_hashes(out, hashes);
}

/// Equal sizes, and one head states another tree or topic state than the other.
Result<void> verify_equal_sizes(const ForkProof& proof) {
  if (!proof.edge.empty() || !proof.cover.empty()) return bad("hashes beside two heads of one size");
  if (proof.shorter.same_history(proof.longer)) return bad("the heads agree");
  return {};
}

/// The edge belongs to the longer head's tree, and the shorter head states another tree of that size.
Result<void> verify_growth(const ForkProof& proof) {
  auto edge = merkle::RightEdge::from_hashes(proof.shorter.tree_size, proof.edge);
  if (!edge) return bad("an edge of the wrong size");
  if (!merkle::verify_cover(*edge, proof.longer.tree_size, proof.longer.root, {}, proof.cover)) {
    return bad("the hashes do not lead to the longer head's root");
  }
  if (edge->root() == proof.shorter.root) return bad("the shorter head is a prefix of the longer one");
  return {};
}

}  // namespace

Bytes encode_fork_proof(const ForkProof& proof) {
  base::WireWriter out(kMaxForkProofSize);
  out.u8(kVersion);
  out.bytes(proof.feed.key.bytes);
  out.bytes(encode_checkpoint(proof.shorter));
  out.bytes(encode_checkpoint(proof.longer));
  write_counted(out, proof.edge);
  write_counted(out, proof.cover);
  return std::move(out).take();
}

Result<ForkProof> decode_fork_proof(ByteView bytes) {
  if (bytes.size() > kMaxForkProofSize) return bad("too long");
  base::WireReader in(bytes);
  if (in.u8() != kVersion) return bad("unknown version");
  ForkProof proof;
  proof.feed.key.bytes = in.array<32>();
  const ByteView shorter = in.bytes(kCheckpointSize);
  const ByteView longer = in.bytes(kCheckpointSize);
  proof.edge = read_hashes(in, in.u8());
  proof.cover = read_hashes(in, in.u8());
  if (!in.finished()) return bad("wrong size");
  SHOAL_TRY(proof.shorter, decode_checkpoint(shorter));
  SHOAL_TRY(proof.longer, decode_checkpoint(longer));
  return proof;
}

Result<void> verify_fork_proof(const ForkProof& proof) {
  if (proof.shorter.epoch != proof.longer.epoch) return bad("heads of two epochs");
  if (proof.shorter.tree_size > proof.longer.tree_size) return bad("the shorter head comes second");
  SHOAL_CHECK(verify_checkpoint(proof.feed, proof.shorter));
  SHOAL_CHECK(verify_checkpoint(proof.feed, proof.longer));
  return proof.shorter.tree_size == proof.longer.tree_size ? verify_equal_sizes(proof) : verify_growth(proof);
}

std::uint64_t common_prefix_limit(const ForkProof& proof) {
  const std::uint64_t size = proof.shorter.tree_size;
  const bool same_tree = size == proof.longer.tree_size && proof.shorter.root == proof.longer.root;
  return same_tree || size == 0 ? size : size - 1;
}

Result<std::optional<ForkProof>> find_fork(const FeedId& feed, const Checkpoint& a, const Checkpoint& b,
                                           const merkle::HashReader& tree) {
  if (a.epoch != b.epoch) return std::optional<ForkProof>{};
  const bool ordered = a.tree_size <= b.tree_size;
  ForkProof proof{feed, ordered ? a : b, ordered ? b : a, {}, {}};
  const std::uint64_t shorter = proof.shorter.tree_size;
  if (shorter == proof.longer.tree_size) {
    if (a.same_history(b)) return std::optional<ForkProof>{};
  } else {
    SHOAL_TRY(proof.edge, tree.read(merkle::cover(0, shorter)));
    SHOAL_TRY(const merkle::RightEdge edge, merkle::RightEdge::from_hashes(shorter, proof.edge));
    if (edge.root() == proof.shorter.root) return std::optional<ForkProof>{};
    SHOAL_TRY(proof.cover, tree.read(merkle::cover(shorter, proof.longer.tree_size)));
  }
  SHOAL_CHECK(verify_fork_proof(proof));
  return std::optional<ForkProof>(std::move(proof));
}

}  // namespace shoal::feed
