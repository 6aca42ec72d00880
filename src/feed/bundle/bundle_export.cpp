#include "base/bytes.h"
#include "base/try.h"
#include "feed/bundle/bundle.h"
#include "feed/bundle/bundle_stream.h"
#include "merkle/subtree_cover.h"

#include <algorithm>
#include <bit>

// docs/FORMAT.md, "Bundle": the writing half. A bundle is what a peer would have sent, in a file: runs of blocks, each
// with the cover that proves it against one signed head, so the importer verifies it with the mirror's own code. Blocks
// are collected into runs of bounded size, and a new bundle begins when a part is full; each part is sound alone.
//
// The feed may grow meanwhile. Runs are proven against the head taken first, so growth does not matter to them, but
// entries of the topic state can only be proven under the newest head. Then the export begins again with that head
// (kAttempts), before anything was written.
namespace shoal::feed {
namespace {

/// A run is written when its headers and payloads reach this, so that readers stay within some 100 KiB.
constexpr std::size_t kRunBytes = std::size_t{512} << 10;
/// How often an export begins again because the feed grew meanwhile.
constexpr int kAttempts = 20;

/// Collects held blocks into runs, and runs into bundles. One use.
class Export {
 public:
  Export(const FeedReader& reader, const BundleSelection& selection, const Checkpoint& head, const ByteSink& sink)
      : reader_(reader), selection_(selection), head_(head), frames_(sink) {
    end_.from = selection.from;
    end_.before = selection.before;
    end_.topics = selection.topics;
    std::sort(end_.topics.begin(), end_.topics.end());
    end_.topics.erase(std::unique(end_.topics.begin(), end_.topics.end()), end_.topics.end());
  }

  [[nodiscard]] const BundleSummary& totals() const { return totals_; }

  Result<void> write(const BundleProgress& progress) {
    SHOAL_CHECK(begin(selection_.after_size));
    const std::vector<BlockRange> ranges = reader_.held_headers();
    std::uint64_t total = 0;
    for (const BlockRange& range : ranges) total += upper(range) - std::min(lower(range), upper(range));
    std::uint64_t done = 0;
    for (const BlockRange& range : ranges) {
      for (std::uint64_t index = lower(range); index < upper(range); ++index) {
        SHOAL_CHECK(add(BlockIndex{index}));
        if (++done % kMaxRunBlocks == 0 || pending_.empty()) SHOAL_CHECK(report(progress, done, total));
      }
    }
    // Of a block without a header it is not known whether it is selected.
    if (end_.is_whole()) totals_.lacking += head_.tree_size - selection_.after_size - total;
    SHOAL_CHECK(finish(head_.tree_size));
    return report(progress, done, total);
  }

  /// First, before anything is written: a reader of a feed with holes cannot compute the topic state, so the ends of
  /// the topics go along, proven. False when the feed grew since `head`.
  Result<bool> collect_entries() {
    const bool all = end_.is_whole() && selection_.after_size == 0 && selection_.part_bytes == 0 &&
                     reader_.header_prefix() >= head_.tree_size && reader_.block_prefix() >= head_.tree_size;
    if (all) return true;
    std::vector<BundleTopicEntry> entries;
    for (const std::uint32_t position : reader_.known_entries()) {
      SHOAL_TRY(FeedReader::ProvenEntry proven, reader_.topic_entry(position));
      if (!end_.selects(proven.entry.stream)) continue;
      if (!verify_topic_entry(proven.entry, position, head_.topic_count, head_.topic_root, proven.path)) return false;
      entries.push_back({position, std::move(proven.entry), std::move(proven.path)});
      if (entries.size() == kMaxTopicFrameEntries) keep_entries(entries);
    }
    keep_entries(entries);
    return true;
  }

 private:
  struct Pending {
    BlockIndex index{0};
    Bytes header;
    PayloadMark mark = PayloadMark::absent;
    Bytes payload;
  };

  static Result<void> report(const BundleProgress& progress, std::uint64_t done, std::uint64_t total) {
    if (progress && !progress(done, total)) return Error{Code::cancelled, "stopped"};
    return {};
  }
  [[nodiscard]] std::uint64_t lower(const BlockRange& range) const {
    return std::max(range.begin.value(), selection_.after_size);
  }
  [[nodiscard]] std::uint64_t upper(const BlockRange& range) const {
    return std::min(range.end.value(), head_.tree_size);
  }

  void keep_entries(std::vector<BundleTopicEntry>& entries) {
    if (entries.empty()) return;
    entry_frames_.push_back(encode_topic_entries(entries));
    tail_bytes_ += kFrameHeaderSize + entry_frames_.back().size();
    entries.clear();
  }

  Result<void> begin(std::uint64_t base) {
    const std::vector<merkle::NodeId> nodes = merkle::cover(0, base);
    auto hashes = reader_.tree().read(nodes);
    if (!hashes.ok()) {
      if (hashes.error().code != Code::not_found) return std::move(hashes).error();
      return Error{Code::unavailable, "the tree at size " + std::to_string(base) + " is not known here",
                   "export the feed whole"};
    }
    SHOAL_TRY(const merkle::RightEdge edge, merkle::RightEdge::from_hashes(base, std::move(*hashes)));
    prefix_ = base_ = base;
    end_.blocks = end_.payloads = 0;
    SHOAL_CHECK(frames_.begin_bundle());
    SHOAL_CHECK(frames_.add(FrameType::note, base::as_bytes(signed_note(reader_.id(), head_))));
    return frames_.add(FrameType::base, encode_base(edge));
  }

  Result<void> finish(std::uint64_t range_end) {
    SHOAL_CHECK(flush());
    // Without a block nothing else would prove the base.
    if (end_.blocks == 0 && base_ < head_.tree_size) SHOAL_CHECK(write_run());
    for (const Bytes& frame : entry_frames_) SHOAL_CHECK(frames_.add(FrameType::topics, frame));
    end_.range_end = range_end;
    SHOAL_CHECK(frames_.finish_bundle(end_));
    if (selection_.part_bytes > 0 && frames_.size() > selection_.part_bytes) {
      return Error{Code::invalid_argument,
                   "a part of this feed needs at least " + std::to_string(frames_.size()) + " bytes",
                   "split into larger parts"};
    }
    return {};
  }

  Result<void> add(BlockIndex index) {
    SHOAL_TRY(Bytes header, reader_.header_bytes(index));
    SHOAL_TRY(const BlockHeader fields, decode_header(header));
    if (!end_.selects(fields.stream)) return {};
    Pending block{index, std::move(header), PayloadMark::absent, {}};
    if (end_.wants_payload(fields)) {
      if (auto held = reader_.payload(index); held.ok()) {
        block.mark = PayloadMark::here;
        block.payload = *std::move(held);
      } else if (held.error().code == Code::pruned) {
        block.mark = PayloadMark::pruned;
      } else if (held.error().code == Code::not_found) {
        ++totals_.lacking;
      } else {
        return std::move(held).error();
      }
    }
    const std::size_t size = bytes_of(block);
    if (!pending_.empty() && payload_bytes_ + block.payload.size() > kMaxPayloadSize) SHOAL_CHECK(flush());
    if (!fits(size)) {
      SHOAL_CHECK(flush());
      // An empty part would be followed by the same again.
      if (!fits(size) && end_.blocks > 0) {
        SHOAL_CHECK(finish(index.value()));
        SHOAL_CHECK(begin(index.value()));
      }
    }
    payload_bytes_ += block.payload.size();
    pending_bytes_ += size;
    pending_.push_back(std::move(block));
    if (pending_.size() == kMaxRunBlocks || pending_bytes_ >= kRunBytes) return flush();
    return {};
  }

  static std::size_t bytes_of(const Pending& block) { return block.header.size() + block.payload.size() + 11; }
  /// Whether the part at hand can take the pending blocks and `more` bytes, and be ended.
  [[nodiscard]] bool fits(std::size_t more) const {
    if (selection_.part_bytes == 0) return true;
    std::size_t names = 0;
    for (const std::string& topic : end_.topics) names += topic.size() + 1;
    const std::uint64_t frame = kFrameHeaderSize + kRunPrefixSize + 12 + cover_bytes();
    const std::uint64_t last = kFrameHeaderSize + 42 + names + kBundleDigestSize;
    return frames_.size() + frame + pending_bytes_ + more + tail_bytes_ + last <= selection_.part_bytes;
  }
  /// A bound on the cover of the pending run and one more block: gaps are where blocks do not follow one another.
  [[nodiscard]] std::uint64_t cover_bytes() const {
    std::uint64_t gaps = 3;
    for (std::size_t i = 1; i < pending_.size(); ++i) gaps += pending_[i].index == pending_[i - 1].index + 1 ? 0U : 1U;
    return gaps * 2 * static_cast<std::uint64_t>(std::bit_width(head_.tree_size)) * sizeof(merkle::Digest);
  }

  Result<void> flush() {
    if (pending_.empty()) return {};
    return write_run();
  }

  Result<void> write_run() {
    RunHead run;
    run.base = prefix_;
    std::vector<std::uint64_t> leaves;
    std::vector<Bytes> payloads;
    for (Pending& block : pending_) {
      leaves.push_back(block.index.value());
      if (block.index.value() == prefix_) ++prefix_;
      run.blocks.push_back({block.index, block.header, block.mark, 0});
      if (block.mark != PayloadMark::here) continue;
      payloads.push_back(std::move(block.payload));
      ++end_.payloads;
    }
    end_.blocks += pending_.size();
    SHOAL_TRY(run.cover, merkle::build_cover(reader_.tree(), run.base, head_.tree_size, leaves));
    SHOAL_CHECK(frames_.add_run(encode_run_head(run), payloads));
    totals_.blocks += pending_.size();
    totals_.payloads += payloads.size();
    pending_.clear();
    pending_bytes_ = payload_bytes_ = 0;
    return {};
  }

  const FeedReader& reader_;
  const BundleSelection& selection_;
  const Checkpoint& head_;
  FrameWriter frames_;
  std::uint64_t base_ = 0;
  std::uint64_t prefix_ = 0;  // blocks from base_ up to it are in the runs that were written
  BundleEnd end_;
  std::vector<Bytes> entry_frames_;
  std::size_t tail_bytes_ = 0;  // of entry_frames_
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t payload_bytes_ = 0;
  BundleSummary totals_;
};

}  // namespace

Result<BundleSummary> write_bundle(const FeedReader& reader, const BundleSelection& selection, const ByteSink& sink,
                                   const BundleProgress& progress) {
  if (selection.topics.size() > kMaxClaimedTopics) return Error{Code::invalid_argument, "too many topics for a bundle"};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto head = reader.head();
    if (!head) return Error{Code::not_found, "nothing is held of this feed"};
    if (selection.after_size >= head->tree_size) {
      return Error{Code::not_found, "the feed has no block from " + std::to_string(selection.after_size) + " on"};
    }
    if (reader.held_headers().empty()) return Error{Code::not_found, "no block is held of this feed"};
    Export bundles(reader, selection, *head, sink);
    SHOAL_TRY(const bool ready, bundles.collect_entries());
    if (!ready) continue;
    SHOAL_CHECK(bundles.write(progress));
    BundleSummary summary = bundles.totals();
    summary.feed = reader.id();
    summary.head = *head;
    return summary;
  }
  return Error{Code::unavailable, "the feed grows too fast", "export it again"};
}

}  // namespace shoal::feed
