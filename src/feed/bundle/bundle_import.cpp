#include "base/bytes.h"
#include "base/try.h"
#include "feed/bundle/bundle.h"
#include "feed/bundle/bundle_fold.h"
#include "feed/bundle/bundle_stream.h"
#include "feed/bundle/run_spool.h"

#include <algorithm>

// docs/FORMAT.md, "Bundle": the reading half. Every run goes through FeedMirror::accept() as if a peer had sent it;
// what the bundle says of itself decides nothing. A log that holds another head takes a run only once one run has shown
// that both heads belong to one history: the run that passes the size held here. Runs that come before that one wait in
// a temporary file, not in memory, because a bundle may be larger than the machine; they are kept as from base 0, since
// the edges between runs are forgotten. If some still wait at the end, the heads were never joined, and that is the
// error.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

Result<ParsedNote> read_note(FrameReader& frames) {
  SHOAL_TRY(const FrameType type, frames.next());
  if (type != FrameType::note) return bad("does not begin with a note");
  return parse_signed_note(base::as_text(frames.body()));
}

}  // namespace

struct BundleImport::Impl {
  explicit Impl(const ByteSource& source) : frames(source) {}

  Result<void> bundle(const WithMirror& with_mirror, RunSpool& spool, const BundleProgress& progress);
  Result<void> take(const BundleFold& fold, const BundleRun& run, FeedMirror& mirror, RunSpool& spool);
  Result<bool> grow(const BundleRun& run, std::uint64_t held_size, FeedMirror& mirror);
  Result<void> learn(const std::vector<BundleTopicEntry>& entries, FeedMirror& mirror) const;
  [[nodiscard]] Error apart(const FeedLog& log) const;

  FrameReader frames;
  std::optional<ParsedNote> note;  // of the bundle at hand
  BundleSummary totals;
};

namespace {

/// True when nothing in the run is new here.
bool is_held(const FeedLog& log, const BundleRun& run) {
  return std::ranges::all_of(run.blocks, [&log](const IncomingBlock& block) {
    const auto header = log.header_bytes(block.index);
    if (!header.ok() || !std::ranges::equal(*header, block.header)) return false;
    return !block.payload ||
           log.inspect([&](const LogState& state) { return state.payloads.contains(block.index.value()); });
  });
}

}  // namespace

BundleImport::BundleImport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BundleImport::BundleImport(BundleImport&&) noexcept = default;
BundleImport::~BundleImport() = default;

const FeedId& BundleImport::feed() const { return impl_->note->feed; }
const Checkpoint& BundleImport::head() const { return impl_->note->head; }

Result<BundleImport> BundleImport::open(const ByteSource& source) {
  auto impl = std::make_unique<Impl>(source);
  SHOAL_TRY(const bool more, impl->frames.next_bundle());
  if (!more) return bad("empty");
  SHOAL_TRY(impl->note, read_note(impl->frames));
  return BundleImport(std::move(impl));
}

Result<BundleSummary> BundleImport::run(const WithMirror& with_mirror, const std::filesystem::path& scratch,
                                        const BundleProgress& progress) {
  Impl& self = *impl_;
  self.totals = {self.note->feed, self.note->head, 0, 0};
  RunSpool spool(scratch);
  for (bool more = true; more;) {
    SHOAL_CHECK(self.bundle(with_mirror, spool, progress));
    SHOAL_TRY(more, self.frames.next_bundle());
    if (!more) break;
    SHOAL_TRY(ParsedNote next, read_note(self.frames));
    if (next.feed != self.note->feed) return bad("of two feeds");
    self.note = std::move(next);
    if (self.note->head.tree_size > self.totals.head.tree_size) self.totals.head = self.note->head;
  }
  const auto end = [&self, &spool](FeedMirror& mirror) -> Result<void> {
    SHOAL_CHECK(mirror.flush());
    if (!spool.empty()) return self.apart(mirror.log());
    return {};
  };
  SHOAL_CHECK(with_mirror(end));
  return self.totals;
}

/// One bundle behind its note.
Result<void> BundleImport::Impl::bundle(const WithMirror& with_mirror, RunSpool& spool,
                                        const BundleProgress& progress) {
  SHOAL_CHECK(with_mirror([&](FeedMirror& mirror) -> Result<void> {
    if (note->feed != mirror.log().id()) return bad("of another feed");
    return {};
  }));
  SHOAL_TRY(const FrameType first, frames.next());
  if (first != FrameType::base) return bad("no base after its note");
  SHOAL_TRY(merkle::RightEdge base, decode_base(frames.body()));
  SHOAL_TRY(BundleFold fold, BundleFold::begin(note->head, std::move(base)));
  while (true) {
    SHOAL_TRY(const FrameType type, frames.next());
    if (type == FrameType::run) {
      SHOAL_TRY(const BundleRun run, decode_run(frames.body()));
      SHOAL_CHECK(fold.add(run));
      SHOAL_CHECK(with_mirror([&](FeedMirror& mirror) { return take(fold, run, mirror, spool); }));
      totals.blocks += run.blocks.size();
      for (const IncomingBlock& block : run.blocks) totals.payloads += block.payload ? 1U : 0U;
    } else if (type == FrameType::topics) {
      SHOAL_TRY(const auto entries, decode_topic_entries(frames.body()));
      SHOAL_CHECK(fold.add(entries));
      SHOAL_CHECK(with_mirror([&](FeedMirror& mirror) { return learn(entries, mirror); }));
    } else if (type == FrameType::end) {
      SHOAL_TRY(const BundleEnd end, decode_end(frames.body()));
      SHOAL_CHECK(fold.finish(end));
      break;
    } else {
      return bad("a note or base that is not at its begin");
    }
    if (progress && !progress(frames.position(), 0)) return Error{Code::cancelled, "stopped"};
  }
  if (progress && !progress(frames.position(), 0)) return Error{Code::cancelled, "stopped"};
  return {};
}

/// Hands a run, which the bundle has proven under its own head, to the mirror, as soon as that can take it.
Result<void> BundleImport::Impl::take(const BundleFold& fold, const BundleRun& run, FeedMirror& mirror,
                                      RunSpool& spool) {
  const auto held = mirror.log().head();
  bool joined = !held || held->epoch != note->head.epoch || held->tree_size == note->head.tree_size;
  if (!joined && held->tree_size < note->head.tree_size) {
    SHOAL_TRY(joined, grow(run, held->tree_size, mirror));
  } else if (!joined) {
    joined = mirror.knows_edge(note->head.tree_size);
  }
  const BundleRun from_start{0, run.blocks, fold.cover_from_start(run)};
  if (!joined) {
    if (is_held(mirror.log(), run)) return {};
    // An older head than the one held here never joins later.
    if (held->tree_size > note->head.tree_size) return apart(mirror.log());
    return spool.add(from_start);
  }
  const auto accept_waiting = [&](const BundleRun& waiting) -> Result<void> {
    SHOAL_CHECK(mirror.accept(note->head, 0, waiting.blocks, waiting.cover));
    return {};
  };
  SHOAL_CHECK(spool.drain(accept_waiting));
  const bool known = mirror.knows_edge(run.base);
  SHOAL_CHECK(mirror.accept(note->head, known ? run.base : 0, run.blocks, known ? run.cover : from_start.cover));
  return {};
}

/// A log that holds an older head takes the bundle's one with the run that passes the older size: it alone shows that
/// the one tree begins with the other.
Result<bool> BundleImport::Impl::grow(const BundleRun& run, std::uint64_t held_size, FeedMirror& mirror) {
  if (run.base > held_size || contiguous_end(run) < held_size) return false;
  if (mirror.knows_edge(run.base)) {
    SHOAL_CHECK(mirror.accept(note->head, run.base, run.blocks, run.cover));
    return true;
  }
  // A log with holes knows the edge of its head. No gap lies before that, so the cover stays as it is.
  if (!mirror.knows_edge(held_size)) return false;
  BundleRun rest{held_size, run.blocks, run.cover};
  rest.blocks.erase(rest.blocks.begin(), rest.blocks.begin() + static_cast<std::ptrdiff_t>(held_size - run.base));
  SHOAL_CHECK(mirror.accept(note->head, rest.base, rest.blocks, rest.cover));
  return true;
}

/// Ends of topics are kept under the head that is accepted; others are older news.
Result<void> BundleImport::Impl::learn(const std::vector<BundleTopicEntry>& entries, FeedMirror& mirror) const {
  const auto held = mirror.log().head();
  if (!held || held->topic_count != note->head.topic_count || held->topic_root != note->head.topic_root) return {};
  for (const BundleTopicEntry& item : entries) {
    SHOAL_CHECK(mirror.add_topic_entry(item.entry, item.position, item.path));
  }
  return {};
}

Error BundleImport::Impl::apart(const FeedLog& log) const {
  const auto held = log.head();
  return Error{Code::unavailable,
               "the bundle does not show that its head of size " + std::to_string(note->head.tree_size) +
                   " and the one of size " + std::to_string(held ? held->tree_size : 0) +
                   " that is held here belong to one history",
               "import all parts of it together, or a bundle of the whole feed"};
}

}  // namespace shoal::feed
