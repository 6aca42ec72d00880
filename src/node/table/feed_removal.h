#pragma once

#include "node/api/feed_reference.h"
#include "node/directory/removed_feeds.h"
#include "node/feeds/commit_thread.h"
#include "node/table/feed_service.h"

#include <memory>
#include <optional>
#include <utility>

namespace shoal::node {

/// Forgets feeds: ends signing, sessions and look-ups of a feed and erases its rows. Of an own feed a note stays that
/// its key signs nothing more. Any thread.
class FeedRemoval {
 public:
  struct Context {
    FeedService service;
    CommitThread* commit_thread = nullptr;
  };
  explicit FeedRemoval(Context context) : context_(std::move(context)) {}

  /// See KeepingApi::remove(). Open subscriptions of the feed answer Code::closed.
  [[nodiscard]] Result<void> remove(const FeedReference& feed);
  /// Erases what a crash left of removals.
  [[nodiscard]] Result<void> finish();
  /// The own feed was removed. False also when that cannot be read.
  [[nodiscard]] bool is_removed(const FeedId& feed) const;

 private:
  /// Commit thread only. Sets `tombstone` when the key has signed something.
  [[nodiscard]] Result<void> end_signing(const FeedReference& feed, const feed::FeedStores& stores,
                                         const std::shared_ptr<OwnFeed>& own, std::optional<RemovedFeed>& tombstone);
  [[nodiscard]] Result<void> erase(feed::FeedStores stores, RemovedFeed removed);

  const Context context_;
};

}  // namespace shoal::node
