#include "feed/log/hidden_blocks.h"

#include "base/try.h"

#include <algorithm>

namespace shoal::feed {
namespace {

// Beside the sets of what is held (docs/FORMAT.md, "Store").
constexpr auto kHeaders = static_cast<HaveSet>('H');
constexpr auto kPayloads = static_cast<HaveSet>('P');

}  // namespace

Result<HiddenBlocks> load_hidden(const store::KvStore& store, store::FeedNumber feed) {
  HiddenBlocks hidden;
  SHOAL_TRY(hidden.headers, load_have_set(store, feed, kHeaders));
  SHOAL_TRY(hidden.payloads, load_have_set(store, feed, kPayloads));
  return hidden;
}

Result<void> forget_shown(store::KvStore& store, store::FeedNumber feed, const RangeSet& shown, HiddenBlocks& hidden) {
  if (hidden.empty()) return {};
  const HiddenBlocks before = hidden;
  for (const BlockRange& run : shown.runs()) hidden.remove(run);
  if (hidden.headers.count() == before.headers.count() && hidden.payloads.count() == before.payloads.count()) return {};
  store::WriteBatch batch;
  put_hidden(batch, feed, before, hidden);
  return store.write(batch, store::Sync::no);
}

void put_hidden(store::WriteBatch& batch, store::FeedNumber feed, const HiddenBlocks& before, const HiddenBlocks& now) {
  const auto put = [&](HaveSet which, const RangeSet& old, const RangeSet& fresh) {
    if (old.empty() && fresh.empty()) return;
    const std::uint64_t begin = std::min(old.empty() ? fresh.runs().front().begin : old.runs().front().begin,
                                         fresh.empty() ? old.runs().front().begin : fresh.runs().front().begin)
                                    .value();
    put_have_range(batch, feed, which, fresh, begin, std::max(old.bound(), fresh.bound()));
  };
  put(kHeaders, before.headers, now.headers);
  put(kPayloads, before.payloads, now.payloads);
}

}  // namespace shoal::feed
