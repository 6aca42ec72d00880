#include "node/feeds/mirror_terms.h"

#include "feed/format/receipt.h"

#include <algorithm>
#include <set>
#include <utility>

namespace shoal::node {

void MirrorTerms::set(std::optional<MirrorOptions> options, FeedWants::Handle want) {
  const std::lock_guard lock(mutex_);
  options_ = std::move(options);
  want_.swap(want);
  // `want` is the former handle now. It ends when the caller's argument does, after the lock.
}

std::optional<MirrorOptions> MirrorTerms::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

bool MirrorTerms::mirrored() const {
  const std::lock_guard lock(mutex_);
  return options_.has_value();
}

UnixMs MirrorTerms::oldest_kept() const {
  const std::lock_guard lock(mutex_);
  if (!options_) return kNoTime;
  UnixMs oldest = floor_;
  if (options_->keep.count() > 0) oldest = std::max(oldest, clock_->wall_now() - options_->keep.count());
  return oldest;
}

void MirrorTerms::raise_floor(UnixMs newest_dropped) {
  const std::lock_guard lock(mutex_);
  floor_ = std::max(floor_, newest_dropped);
}

std::optional<KeptForGood> MirrorTerms::kept_for_good(const feed::FeedReader& reader) const {
  const auto terms = options();
  if (!terms) return std::nullopt;
  KeptForGood kept;
  kept.oldest = oldest_kept();
  if (terms->topics.empty()) return kept;
  const topic::TopicFilter filter{terms->topics, std::nullopt};
  const auto views = reader.topics();
  if (!views) return std::nullopt;
  std::set<std::string> topics;
  for (const feed::TopicView& view : *views) {
    if (filter.selects(view.stream)) topics.insert(view.stream.topic);
  }
  kept.topics.assign(topics.begin(), topics.end());
  feed::fit_receipt_topics(kept.topics);
  // An empty list would promise every topic.
  if (kept.topics.empty()) return std::nullopt;
  return kept;
}

}  // namespace shoal::node
