#pragma once

#include "base/clock.h"
#include "feed/read/feed_reader.h"
#include "node/feeds/feed_wants.h"

#include <shoal/node.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// What a mirror keeps of a feed for good.
struct KeptForGood {
  std::vector<std::string> topics;  ///< in ascending order; empty: every topic
  UnixMs oldest = kNoTime;          ///< payloads appended before this are dropped again
};

/// On what terms this node mirrors one feed: the options that the user gave (their row is kept by want_store.h), and
/// what a full disk took. Thread-safe.
class MirrorTerms {
 public:
  explicit MirrorTerms(const base::Clock& clock) : clock_(&clock) {}

  /// In force from here on; nullopt ends the mirror. `want` is the handle that has it fetched. The former handle is let
  /// go of after this one has come, so that what both want stays in transit.
  void set(std::optional<MirrorOptions> options, FeedWants::Handle want);
  /// nullopt: the feed is not mirrored.
  [[nodiscard]] std::optional<MirrorOptions> options() const;
  [[nodiscard]] bool mirrored() const;

  /// Payloads appended before this are dropped again, or were: they are not fetched. kNoTime: none.
  [[nodiscard]] UnixMs oldest_kept() const;
  /// Room was short: payloads appended up to `newest_dropped` are not kept any more.
  void raise_floor(UnixMs newest_dropped);
  /// What a receipt may promise: nullopt when nothing is kept longer than somebody reads it.
  [[nodiscard]] std::optional<KeptForGood> kept_for_good(const feed::FeedReader& reader) const;

 private:
  const base::Clock* clock_;
  mutable std::mutex mutex_;
  std::optional<MirrorOptions> options_;
  FeedWants::Handle want_;
  UnixMs floor_ = kNoTime;
};

}  // namespace shoal::node
