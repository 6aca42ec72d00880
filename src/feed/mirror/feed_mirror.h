#pragma once

#include "base/log_sink.h"
#include "feed/format/compact_run.h"
#include "feed/format/fork.h"
#include "feed/format/incoming_proof.h"
#include "feed/log/feed_log.h"
#include "merkle/subtree_cover.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace shoal::feed {

/// What accept() did.
struct AcceptResult {
  bool head_advanced = false;  ///< the head given is now the accepted one
  std::size_t new_headers = 0;
  std::size_t new_payloads = 0;
};

/// Takes other people's bytes into a feed: verify, then commit. Nothing unverified reaches the log, and no head that
/// does not extend the accepted one. Code::unverified blames the sender, Code::corrupt our disk, Code::fork and
/// Code::contradiction the owner (the proof, or a note, is stored and stays). After a contradiction, which only what is
/// proven to be in a signed tree can show, everything is Code::contradiction. After a fork the accepted head never
/// moves again, and goes on to prove blocks below common_prefix_limit(); everything else is Code::fork. Confined to one
/// executor.
class FeedMirror {
 public:
  /// `log` may be a sparse, full, or empty feed's.
  [[nodiscard]] static Result<std::unique_ptr<FeedMirror>> open(FeedLog& log, base::LogSink& sink);
  ~FeedMirror();

  /// What it writes to.
  [[nodiscard]] const FeedLog& log() const;

  /// Verifies `blocks` (ascending) under `head`: with the right edge at `base` (0, or a size this log knows the edge
  /// of: see knows_edge) and `cover` = build_cover(base, head.tree_size, indices) they must give head.root. Payloads
  /// must match their headers; data payloads must be sound batches with the header's offset and count.
  ///
  /// A head newer than the accepted one is accepted with them when `base` is the accepted head's size or lower and the
  /// growth is proven (first head: its signature is enough). For a full prefix the topic state is recomputed and must
  /// be the signed one. An equal history with a newer time is a heartbeat and is accepted. Blocks may be empty: then
  /// this only advances the head. A head that conflicts with the accepted one is Code::fork; of
  /// another epoch, or a first one of an epoch but 0, Code::unsupported: it is signed, and nothing proves it yet.
  [[nodiscard]] Result<AcceptResult> accept(const Checkpoint& head, std::uint64_t base,
                                            const std::vector<IncomingBlock>& blocks,
                                            const std::vector<merkle::Digest>& cover);

  /// True when the topic state is that of the accepted head, of this size: what accept_compact() needs.
  [[nodiscard]] bool complete_at(std::uint64_t size) const;
  /// What accept_compact() took.
  struct Expanded {
    Checkpoint head;
    std::vector<Bytes> headers;
  };
  /// Growth of the accepted head by at least one block, with payloads. Headers, root and topic state are computed from
  /// the log's own; the feed's key must have signed them. Code::unverified else, also when the run belongs to another
  /// history: heads are compared before. What the owner signed and what contradicts the log cannot be told from a lie
  /// here; nobody sends that in this form, because a sender stepped its own topic state over it.
  [[nodiscard]] Result<Expanded> accept_compact(const CompactRun& run);

  /// A payload whose header is held; verified against it.
  [[nodiscard]] Result<void> add_payload(BlockIndex block, ByteView payload);

  /// FeedLog::prune().
  [[nodiscard]] Result<Pruned> prune(const std::vector<BlockIndex>& blocks);

  /// Proven topic-state entries under the accepted head, for sparse readers: checked, then remembered.
  [[nodiscard]] Result<void> add_topic_entry(const TopicStateEntry& entry, std::uint32_t position,
                                             const std::vector<merkle::Digest>& path);

  /// True when the right edge at `size` is known: 0, any size up to header_prefix(), the accepted head's size once some
  /// cover proved it, and sizes learned by learn_edge().
  [[nodiscard]] bool knows_edge(std::uint64_t size) const;
  /// Right edge at a size that knows_edge().
  [[nodiscard]] Result<merkle::RightEdge> edge_at(std::uint64_t size) const;
  /// Learns the edge at `size` < accepted head's size from its hashes and cover(size, accepted size); so a peer that is
  /// behind can serve blocks under its own, older head, once that is known to be a prefix of ours.
  [[nodiscard]] Result<void> learn_edge(std::uint64_t size, std::vector<merkle::Digest> edge,
                                        const std::vector<merkle::Digest>& cover);

  /// Stores a verified fork proof; it is never forgotten.
  [[nodiscard]] Result<void> add_fork_proof(const ForkProof& proof);

  /// Makes everything accepted so far durable.
  [[nodiscard]] Result<void> flush();

 private:
  struct Impl;
  explicit FeedMirror(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::feed
