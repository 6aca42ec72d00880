#include "feed/bundle/bundle_fold.h"

#include "base/assert.h"
#include "base/try.h"

// Follows a bundle from run to run: the right edge after each run is the base of the next, so the whole file is one
// chain that begins at its base edge and ends at its head. It proves that what the file contains belongs to the head,
// and that runs come in order; what was left out shows in the edge, which stops growing at the first gap. Nothing is
// stored here, so export (to check itself), import and `verify` share it.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

}  // namespace

std::uint64_t contiguous_end(const BundleRun& run) {
  std::uint64_t end = run.base;
  for (const IncomingBlock& block : run.blocks) {
    if (block.index.value() != end) break;
    ++end;
  }
  return end;
}

Result<BundleFold> BundleFold::begin(const Checkpoint& head, merkle::RightEdge base) {
  if (base.size() > head.tree_size) return bad("it begins beyond its head");
  return BundleFold(head, std::move(base));
}

Result<void> BundleFold::fold(std::uint64_t base, const std::vector<merkle::Leaf>& leaves,
                              const std::vector<merkle::Digest>& cover) {
  if (next_position_ != 0) return bad("a run after topic entries");
  if (base != edge_.size()) return bad("a run that does not follow the ones before");
  if (!leaves.empty() && leaves.front().index < next_block_) return bad("runs out of order");
  if (const auto proven = merkle::verify_cover(edge_, head_.tree_size, head_.root, leaves, cover); !proven) {
    return bad(proven.error().message);
  }
  proven_ = true;
  before_ = edge_;
  for (const merkle::Leaf& leaf : leaves) {
    if (leaf.index == edge_.size()) edge_.append_leaf(leaf.hash);
    next_block_ = leaf.index + 1;
  }
  blocks_ += leaves.size();
  return {};
}

Result<void> BundleFold::add(const RunHead& run) {
  std::vector<merkle::Leaf> leaves;
  leaves.reserve(run.blocks.size());
  for (const RunBlock& block : run.blocks) {
    leaves.push_back({block.index.value(), header_leaf(block.header)});
    payloads_ += block.mark == PayloadMark::here ? 1U : 0U;
  }
  return fold(run.base, leaves, run.cover);
}

Result<void> BundleFold::add(const BundleRun& run) {
  std::vector<merkle::Leaf> leaves;
  leaves.reserve(run.blocks.size());
  for (const IncomingBlock& block : run.blocks) {
    leaves.push_back({block.index.value(), header_leaf(block.header)});
    payloads_ += block.payload ? 1U : 0U;
  }
  return fold(run.base, leaves, run.cover);
}

Result<void> BundleFold::add(const std::vector<BundleTopicEntry>& entries) {
  for (const BundleTopicEntry& item : entries) {
    if (item.position < next_position_) return bad("topic entries out of order");
    SHOAL_CHECK(verify_topic_entry(item.entry, item.position, head_.topic_count, head_.topic_root, item.path));
    next_position_ = item.position + std::uint64_t{1};
  }
  return {};
}

Result<void> BundleFold::finish(const BundleEnd& end) const {
  if (end.blocks != blocks_ || end.payloads != payloads_) return bad("not the blocks and payloads its end counts");
  if (end.range_end < std::max(base_, next_block_) || end.range_end > head_.tree_size) {
    return bad("it does not end where it says");
  }
  if (!proven_ && (base_ < head_.tree_size || edge_.root() != head_.root)) return bad("its base is not proven");
  return {};
}

std::vector<merkle::Digest> BundleFold::cover_from_start(const BundleRun& run) const {
  const std::uint64_t first = run.blocks.empty() ? head_.tree_size : run.blocks.front().index.value();
  merkle::RightEdge edge = before_;
  std::size_t used = 0;
  for (const merkle::NodeId& node : merkle::cover(before_.size(), first)) {
    SHOAL_ASSERT(used < run.cover.size() && edge.append_subtree(node, run.cover[used++]));
  }
  std::vector<merkle::Digest> cover = edge.hashes();
  cover.insert(cover.end(), run.cover.begin() + static_cast<std::ptrdiff_t>(used), run.cover.end());
  return cover;
}

}  // namespace shoal::feed
