#include "feed/read/prune_order.h"

#include "base/try.h"

#include <algorithm>

// Retention drops the oldest payloads of each partition, never one out of the middle: log starts only move forward
// (Kafka's rule), so a reader that is behind finds one boundary and not a sieve. Finding what has expired walks each
// partition's blocks from its log start and stops at the first that is young enough; the place is kept, so that a look
// every second costs nothing while nothing has aged.
namespace shoal::feed {

OldestPayloads::OldestPayloads(const FeedReader& reader) : reader_(&reader), runs_(reader.held_payloads()) {
  if (!runs_.empty()) next_ = runs_.front().begin.value();
}

Result<std::optional<OldestPayloads::Payload>> OldestPayloads::peek() {
  while (!found_ && run_ < runs_.size()) {
    SHOAL_TRY(const BlockHeader header, reader_->header(BlockIndex{next_}));
    if (header.is(BlockKind::manifest)) {
      pop();
    } else {
      found_ = Payload{BlockIndex{next_}, header.append_time, header.payload_size};
    }
  }
  return found_;
}

void OldestPayloads::pop() {
  found_.reset();
  if (run_ >= runs_.size() || ++next_ < runs_[run_].end.value()) return;
  if (++run_ < runs_.size()) next_ = runs_[run_].begin.value();
}

Result<std::vector<BlockIndex>> ExpiredPayloads::find(const FeedReader& reader, const Cutoff& cutoff,
                                                      std::size_t limit) {
  std::vector<BlockIndex> out;
  headers_ = reader.log().inspect([](const LogState& state) { return state.headers.count(); });
  // What somebody fetched again lies behind the log start, where no walk looks.
  const auto returned = reader.log().inspect([](const LogState& state) { return state.returned.runs(); });
  for (const BlockRange& run : returned) {
    for (BlockIndex block = run.begin; block < run.end && out.size() < limit; ++block) {
      SHOAL_TRY(const BlockHeader header, reader.header(block));
      const auto oldest = cutoff(header.stream);
      if (oldest && header.append_time < *oldest) out.push_back(block);
    }
  }
  SHOAL_TRY(const std::vector<TopicView> views, reader.topics());
  for (const TopicView& view : views) {
    if (out.size() >= limit) break;
    const auto oldest = cutoff(view.stream);
    if (oldest) SHOAL_CHECK(walk(reader, view, *oldest, limit, out));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<void> ExpiredPayloads::walk(const FeedReader& reader, const TopicView& view, UnixMs cutoff, std::size_t limit,
                                   std::vector<BlockIndex>& out) {
  Progress& progress = progress_[view.stream];
  if (!progress.begun) {
    progress.begun = true;
    if (view.log_start >= view.end) {
      progress.passed = view.last_block;
    } else if (view.log_start.value() > 0) {
      SHOAL_TRY(progress.oldest, reader.block_of_offset(view.stream, view.log_start));
      if (progress.oldest) {
        SHOAL_TRY(const BlockHeader header, reader.header(*progress.oldest));
        progress.append_time = header.append_time;
      }
    }
  }
  while (out.size() < limit) {
    if (!progress.oldest) {
      if (progress.headers == headers_) return {};
      SHOAL_TRY(progress.oldest, reader.next_block(view.stream, progress.passed));
      if (!progress.oldest) {
        progress.headers = headers_;
        return {};
      }
      SHOAL_TRY(const BlockHeader header, reader.header(*progress.oldest));
      progress.append_time = header.append_time;
    }
    if (progress.append_time >= cutoff) return {};
    out.push_back(*progress.oldest);
    progress.passed = progress.oldest;
    progress.oldest.reset();
  }
  return {};
}

}  // namespace shoal::feed
