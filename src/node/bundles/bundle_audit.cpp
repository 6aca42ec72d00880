#include "node/bundles/bundle_audit.h"

#include "base/try.h"
#include "feed/bundle/bundle_stream.h"
#include "feed/format/range_set.h"

#include <algorithm>

namespace shoal::node {
namespace {

using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

constexpr std::size_t kStep = std::size_t{1} << 20;

/// The bytes as they were written: frames and digests, front to back.
Result<void> check_digests(const BundleStore& store, const Progress& progress, std::vector<std::string>& damage) {
  std::uint64_t total = 0;
  for (const feed::BundleFile& file : store.files()) total += file.size();
  std::uint64_t done = 0;
  for (const feed::BundleFile& file : store.files()) {
    std::uint64_t at = 0;
    const feed::ByteSource source = [&]() -> Result<Bytes> {
      if (progress && !progress(done / 2, total)) return Error{Code::cancelled, "stopped"};
      SHOAL_TRY(Bytes bytes, file.read(at, std::min<std::uint64_t>(kStep, file.size() - at)));
      at += bytes.size();
      done += bytes.size();
      return bytes;
    };
    feed::FrameReader frames(source);
    const auto read_all = [&frames]() -> Result<void> {
      while (true) {
        SHOAL_TRY(const bool more, frames.next_bundle());
        if (!more) return {};
        SHOAL_TRY(feed::FrameType type, frames.next());
        while (type != feed::FrameType::end) {
          SHOAL_TRY(type, frames.next());
        }
      }
    };
    const auto read = read_all();
    if (!read && read.error().code != Code::unverified) return read;
    if (!read) damage.push_back(read.error().message);
  }
  return {};
}

/// Holes in what is claimed.
class Claims {
 public:
  Claims(const LoadedBundles& loaded, const feed::FeedReader& reader, feed::AuditReport& report)
      : bundles_(loaded.bundles), reader_(reader), report_(report) {}

  Result<void> check() {
    feed::RangeSet headers;
    feed::RangeSet payloads;
    std::uint64_t next = bundles_.front().base;
    for (const feed::BundleFacts& bundle : bundles_) {
      headers.add(next, bundle.base);  // a part that is not there
      next = bundle.end.range_end;
      if (bundle.end.topics.empty()) {
        headers.add(bundle.base, bundle.end.range_end);
      } else {
        SHOAL_CHECK(walk_topics(bundle, headers));
      }
      SHOAL_CHECK(claim_payloads(bundle, payloads));
    }
    // The last part is known by its end. One part alone is complete in itself.
    if (bundles_.size() > 1) headers.add(next, bundles_.back().head.tree_size);
    for (const feed::BlockRange& run : reader_.held_headers()) headers.remove(run);
    append(headers, report_.missing_headers);
    append(payloads, report_.missing_payloads);
    return {};
  }

 private:
  /// A topic's blocks follow from its end, back along the chain.
  Result<void> walk_topics(const feed::BundleFacts& bundle, feed::RangeSet& claimed) {
    for (const std::string& topic : bundle.end.topics) {
      bool any = false;
      SHOAL_TRY(const auto views, reader_.topics());
      for (const feed::TopicView& view : views) {
        if (view.stream.topic != topic) continue;
        any = true;
        std::optional<BlockIndex> at = view.last_block;
        while (at && at->value() >= bundle.base) {
          claimed.add(at->value());
          const auto header = reader_.header(*at);
          if (!header.ok()) break;  // what lies before it is not known; the hole is named
          at = header->previous;
        }
      }
      if (!any) report_.damage.push_back("the end of topic " + topic + " is not proven");
    }
    // Blocks above the part's end are another part's.
    const std::uint64_t size = bundle.head.tree_size;
    if (bundle.end.range_end < size) claimed.remove(bundle.end.range_end, size);
    return {};
  }

  Result<void> claim_payloads(const feed::BundleFacts& bundle, feed::RangeSet& missing) {
    feed::RangeSet without;
    for (const feed::BlockRange& run : reader_.held_headers()) {
      without.add(std::max(run.begin.value(), bundle.base),
                  std::max(bundle.base, std::min(run.end.value(), bundle.end.range_end)));
    }
    for (const feed::BlockRange& run : reader_.held_payloads()) without.remove(run);
    for (const feed::BlockRange& run : without.runs()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) {
        SHOAL_TRY(const feed::BlockHeader header, reader_.header(block));
        if (!bundle.end.selects(header.stream) || !bundle.end.wants_payload(header)) continue;
        const auto payload = reader_.payload(block);
        if (!payload.ok() && payload.error().code == Code::pruned) continue;
        missing.add(block.value());
      }
    }
    return {};
  }

  static void append(const feed::RangeSet& set, std::vector<feed::BlockRange>& out) {
    for (const feed::BlockRange& run : set.runs()) out.push_back(run);
  }

  const std::vector<feed::BundleFacts>& bundles_;
  const feed::FeedReader& reader_;
  feed::AuditReport& report_;
};

}  // namespace

Result<feed::AuditReport> audit_bundles(const LoadedBundles& loaded, const feed::FeedReader& reader,
                                        const Progress& progress) {
  std::vector<std::string> damage;
  SHOAL_CHECK(check_digests(*loaded.store, progress, damage));
  const Progress second = [&progress](std::uint64_t done, std::uint64_t total) {
    return !progress || progress(total + done, 2 * total);
  };
  SHOAL_TRY(feed::AuditReport report, feed::audit(reader, second));
  report.missing_headers.clear();
  report.missing_payloads.clear();
  report.damage.insert(report.damage.begin(), damage.begin(), damage.end());
  SHOAL_CHECK(Claims(loaded, reader, report).check());
  return report;
}

}  // namespace shoal::node
