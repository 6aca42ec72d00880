#include "feed/bundle.h"

#include "base/bytes.h"
#include "base/try.h"
#include "feed/bundle_file.h"
#include "merkle/subtree_cover.h"

#include <algorithm>

// docs/FORMAT.md, "Bundle".
namespace shoal::feed {
namespace {

using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

/// A run is written when its headers and payloads reach this, so that readers stay within some 100 KiB.
constexpr std::size_t kRunBytes = std::size_t{512} << 10;

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

Result<void> report(const Progress& progress, std::uint64_t done, std::uint64_t total) {
  if (progress && !progress(done, total)) return Error{Code::cancelled, "stopped"};
  return {};
}

/// Collects held blocks into runs and writes them. One use.
class Export {
 public:
  Export(const FeedReader& reader, BundleFileWriter& file, const Checkpoint& head)
      : reader_(reader), file_(file), head_(head), prefix_(std::min(reader.header_prefix(), head.tree_size)) {}

  [[nodiscard]] const BundleTotals& totals() const { return totals_; }

  Result<void> add_all(const Progress& progress) {
    const std::vector<BlockRange> ranges = reader_.held_headers();
    std::uint64_t total = 0;
    for (const BlockRange& range : ranges) total += in_head(range.end) - in_head(range.begin);
    for (const BlockRange& range : ranges) {
      for (std::uint64_t index = in_head(range.begin); index < in_head(range.end); ++index) {
        if (index == prefix_) SHOAL_CHECK(flush());
        SHOAL_CHECK(add(BlockIndex{index}));
        if (pending_.empty()) SHOAL_CHECK(report(progress, totals_.blocks, total));
      }
    }
    SHOAL_CHECK(flush());
    return report(progress, totals_.blocks, total);
  }

  /// Whoever reads a feed with holes cannot compute the topic state: what was proven here goes along.
  Result<void> add_topic_entries() {
    if (prefix_ == head_.tree_size && !manifest_missing_) return {};
    std::vector<BundleTopicEntry> entries;
    for (const std::uint32_t position : reader_.known_entries()) {
      SHOAL_TRY(FeedReader::ProvenEntry proven, reader_.topic_entry(position));
      if (!verify_topic_entry(proven.entry, position, head_.topic_count, head_.topic_root, proven.path)) {
        return Error{Code::unavailable, "the feed grew while it was exported", "export it again"};
      }
      entries.push_back({position, std::move(proven.entry), std::move(proven.path)});
      if (entries.size() == kMaxTopicFrameEntries) SHOAL_CHECK(flush_entries(entries));
    }
    return flush_entries(entries);
  }

 private:
  struct Pending {
    BlockIndex index{0};
    Bytes header;
    std::optional<Bytes> payload;
  };

  [[nodiscard]] std::uint64_t in_head(BlockIndex index) const { return std::min(index.value(), head_.tree_size); }

  Result<void> add(BlockIndex index) {
    SHOAL_TRY(Bytes header, reader_.header_bytes(index));
    SHOAL_TRY(const BlockHeader fields, decode_header(header));
    std::optional<Bytes> payload;
    if (auto held = reader_.payload(index); held.ok()) {
      payload = *std::move(held);
    } else if (held.error().code != Code::not_found && held.error().code != Code::pruned) {
      return std::move(held).error();
    }
    if (fields.is(BlockKind::manifest) && !payload) manifest_missing_ = true;
    const std::size_t payload_size = payload ? payload->size() : 0;
    if (!pending_.empty() && payload_bytes_ + payload_size > kMaxPayloadSize) SHOAL_CHECK(flush());
    payload_bytes_ += payload_size;
    pending_bytes_ += payload_size + header.size();
    pending_.push_back({index, std::move(header), std::move(payload)});
    if (pending_.size() == kMaxRunBlocks || pending_bytes_ >= kRunBytes) return flush();
    return {};
  }

  Result<void> flush() {
    if (pending_.empty()) return {};
    BundleRun run;
    run.base = std::min(pending_.front().index.value(), prefix_);
    std::vector<std::uint64_t> leaves;
    for (const Pending& block : pending_) {
      leaves.push_back(block.index.value());
      run.blocks.push_back({block.index, block.header, {}});
      if (!block.payload) continue;
      run.blocks.back().payload = *block.payload;
      ++totals_.payloads;
    }
    totals_.blocks += pending_.size();
    SHOAL_TRY(run.cover, merkle::build_cover(reader_.tree(), run.base, head_.tree_size, leaves));
    SHOAL_CHECK(file_.add(FrameType::run, encode_run(run)));
    pending_.clear();
    pending_bytes_ = payload_bytes_ = 0;
    return {};
  }

  Result<void> flush_entries(std::vector<BundleTopicEntry>& entries) {
    if (entries.empty()) return {};
    SHOAL_CHECK(file_.add(FrameType::topics, encode_topic_entries(entries)));
    entries.clear();
    return {};
  }

  const FeedReader& reader_;
  BundleFileWriter& file_;
  Checkpoint head_;
  std::uint64_t prefix_;  // blocks before it are in runs that follow one another
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t payload_bytes_ = 0;
  bool manifest_missing_ = false;
  BundleTotals totals_;
};

Result<ParsedNote> read_note(BundleFileReader& file) {
  SHOAL_TRY(const FrameType type, file.next());
  if (type != FrameType::note) return bad("does not begin with a note");
  return parse_signed_note(base::as_text(file.body()));
}

/// Leaves `base`, `base` + 1 … of the run: its reader knows the right edge at every size up to the end of them.
std::uint64_t contiguous_end(const BundleRun& run) {
  std::uint64_t end = run.base;
  for (const IncomingBlock& block : run.blocks) {
    if (block.index.value() != end) break;
    ++end;
  }
  return end;
}

/// A log that holds an older head accepts the bundle's one with the run that passes the older size: it alone shows that
/// the one tree begins with the other. The others then follow under the accepted head.
Result<void> accept_growth(const std::filesystem::path& path, const Checkpoint& head, std::uint64_t held_size,
                           FeedMirror& mirror) {
  SHOAL_TRY(BundleFileReader file, BundleFileReader::open(path));
  SHOAL_CHECK(read_note(file));
  while (true) {
    SHOAL_TRY(const FrameType type, file.next());
    if (type != FrameType::run) return {};  // the first run of the import decides
    SHOAL_TRY(BundleRun run, decode_run(file.body()));
    if (run.base > held_size || contiguous_end(run) < held_size) continue;
    if (!mirror.knows_edge(run.base)) {
      // A log with holes knows the edge of its head. No gap lies before that, so the cover stays as it is.
      const auto passed = static_cast<std::ptrdiff_t>(held_size - run.base);
      run.blocks.erase(run.blocks.begin(), run.blocks.begin() + passed);
      run.base = held_size;
    }
    SHOAL_CHECK(mirror.accept(head, run.base, run.blocks, run.cover));
    return {};
  }
}

/// Frames after the note, in their order.
class Import {
 public:
  Import(const Checkpoint& head, FeedMirror& mirror) : head_(head), mirror_(mirror) {}

  [[nodiscard]] const BundleTotals& totals() const { return totals_; }

  Result<void> add_run(const BundleRun& run) {
    if (next_position_ != 0) return bad("a run after topic entries");
    // Whoever reads the file without a store keeps one edge only.
    if (run.base != prefix_) return bad("a run that does not follow the ones before");
    if (run.blocks.front().index.value() < next_block_) return bad("runs out of order");
    SHOAL_CHECK(mirror_.accept(head_, run.base, run.blocks, run.cover));
    prefix_ = contiguous_end(run);
    next_block_ = run.blocks.back().index.value() + 1;
    totals_.blocks += run.blocks.size();
    for (const IncomingBlock& block : run.blocks) totals_.payloads += block.payload ? 1U : 0U;
    return {};
  }

  Result<void> add_topic_entries(const std::vector<BundleTopicEntry>& entries) {
    for (const BundleTopicEntry& item : entries) {
      if (item.position < next_position_) return bad("topic entries out of order");
      SHOAL_CHECK(mirror_.add_topic_entry(item.entry, item.position, item.path));
      next_position_ = item.position + std::uint64_t{1};
    }
    return {};
  }

 private:
  Checkpoint head_;
  FeedMirror& mirror_;
  std::uint64_t prefix_ = 0;         // blocks that came from 0 on without a hole
  std::uint64_t next_block_ = 0;     // smallest index that the next run may begin with
  std::uint64_t next_position_ = 0;  // smallest position that the next entry may have
  BundleTotals totals_;
};

}  // namespace

Result<BundleSummary> write_bundle(const FeedReader& reader, const std::filesystem::path& file,
                                   const Progress& progress) {
  const auto head = reader.head();
  if (!head) return Error{Code::not_found, "nothing is held of this feed"};
  SHOAL_TRY(BundleFileWriter out, BundleFileWriter::create(file));
  SHOAL_CHECK(out.add(FrameType::note, base::as_bytes(signed_note(reader.id(), *head))));
  Export runs(reader, out, *head);
  SHOAL_CHECK(runs.add_all(progress));
  if (runs.totals().blocks == 0) return Error{Code::not_found, "no block is held of this feed"};
  SHOAL_CHECK(runs.add_topic_entries());
  SHOAL_CHECK(out.add(FrameType::end, encode_totals(runs.totals())));
  SHOAL_CHECK(out.commit());
  return BundleSummary{reader.id(), *head, runs.totals().blocks, runs.totals().payloads};
}

Result<BundleSummary> inspect_bundle(const std::filesystem::path& file) {
  SHOAL_TRY(BundleFileReader in, BundleFileReader::open(file));
  SHOAL_TRY(const ParsedNote note, read_note(in));
  SHOAL_TRY(const BundleTotals totals, in.totals());
  return BundleSummary{note.feed, note.head, totals.blocks, totals.payloads};
}

Result<BundleSummary> read_bundle(const std::filesystem::path& file, FeedMirror& mirror, const Progress& progress) {
  SHOAL_TRY(BundleFileReader in, BundleFileReader::open(file));
  SHOAL_TRY(const ParsedNote note, read_note(in));
  if (note.feed != mirror.log().id()) return bad("of another feed");
  const auto held = mirror.log().head();
  if (held && held->epoch == note.head.epoch && held->tree_size < note.head.tree_size) {
    SHOAL_CHECK(accept_growth(file, note.head, held->tree_size, mirror));
  }
  Import import(note.head, mirror);
  while (true) {
    SHOAL_TRY(const FrameType type, in.next());
    if (type == FrameType::run) {
      SHOAL_TRY(const BundleRun run, decode_run(in.body()));
      SHOAL_CHECK(import.add_run(run));
    } else if (type == FrameType::topics) {
      SHOAL_TRY(const auto entries, decode_topic_entries(in.body()));
      SHOAL_CHECK(import.add_topic_entries(entries));
    } else if (type == FrameType::end) {
      break;
    } else {
      return bad("a second note");
    }
    SHOAL_CHECK(report(progress, in.position(), in.size()));
  }
  SHOAL_TRY(const BundleTotals totals, decode_totals(in.body()));
  if (totals != import.totals()) return bad("not the blocks and payloads its end counts");
  if (!in.at_end()) return bad("bytes after its end");
  SHOAL_CHECK(mirror.flush());
  SHOAL_CHECK(report(progress, in.position(), in.size()));
  return BundleSummary{note.feed, note.head, totals.blocks, totals.payloads};
}

}  // namespace shoal::feed
