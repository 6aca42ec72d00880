#include "base/try.h"
#include "node/directory/removed_feeds.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"

#include <algorithm>

// The part of FeedTable that forgets feeds.
namespace shoal::node {
namespace {

/// What is known of the newest head; a tree of size 0 when nothing was ever signed.
Result<std::optional<feed::Checkpoint>> newest_head(const feed::FeedStores& stores, const FeedId& feed) {
  SHOAL_TRY(const auto listed, feed::FeedLog::list(*stores.heads));
  if (std::find(listed.begin(), listed.end(), feed) == listed.end()) return std::optional<feed::Checkpoint>{};
  const auto log = feed::FeedLog::open(stores, feed);
  // Damaged rows are no reason to keep them.
  return log ? (*log)->head() : std::optional<feed::Checkpoint>{};
}

}  // namespace

bool FeedTable::is_removed(const FeedId& feed) const {
  const auto files = storage();
  if (!files) return false;
  const auto removed = find_removed(*(*files)->own, feed);
  return removed && removed->has_value();
}

Result<void> FeedTable::finish_removals() {
  SHOAL_TRY(const auto files, storage());
  SHOAL_TRY(const auto all, list_removed(*files->own));
  for (RemovedFeed removed : all) {
    if (!removed.done) SHOAL_CHECK(erase({files->own.get(), files->own.get()}, removed));
  }
  return {};
}

Result<void> FeedTable::erase(feed::FeedStores stores, RemovedFeed removed) {
  const auto erased = feed::FeedLog::remove(stores, removed.feed);
  if (!erased && erased.error().code != Code::not_found) return erased.error();
  removed.done = true;
  return put_removed(*stores.heads, removed);
}

Result<void> FeedTable::remove(const FeedReference& feed) {
  SHOAL_TRY(const auto files, storage());
  std::shared_ptr<FeedHost> host;
  std::shared_ptr<OwnFeed> own;
  {
    const std::lock_guard lock(mutex_);
    SHOAL_CHECK(check_open());
    if (const auto open = hosts_.find(feed.feed); open != hosts_.end()) host = open->second;
    if (const auto open = own_feeds_.find(feed.name); feed.own && open != own_feeds_.end()) own = open->second;
  }
  feed::FeedStores stores{files->own.get(), feed.own ? files->own.get() : files->mirrored.get()};
  if (host) stores = host->stores();
  std::optional<RemovedFeed> tombstone;
  if (feed.own) {
    // Where signing happens: no commit is on its way, and none comes after.
    SHOAL_CHECK(parts_.commit_thread->run([&] { return end_signing(feed, stores, own, tombstone); }));
  }
  if (host) retire(feed, host);
  if (tombstone) {
    SHOAL_CHECK(erase(stores, *tombstone));
  } else {
    SHOAL_CHECK(feed::FeedLog::remove(stores, feed.feed));
  }
  return give_back(*stores.blocks);
}

Result<void> FeedTable::end_signing(const FeedReference& feed, const feed::FeedStores& stores,
                                    const std::shared_ptr<OwnFeed>& own, std::optional<RemovedFeed>& tombstone) {
  if (own && own->producing()) {
    return Error{Code::in_use, "feed " + feed.name + " is being published to", "end that producer first"};
  }
  SHOAL_TRY(const auto files, storage());
  if (stores.heads == files->own.get()) {
    SHOAL_TRY(const auto head, newest_head(stores, feed.feed));
    // A journal that cannot be read may know of a head, too.
    const auto journalled = files->journal->last_head(feed.feed);
    if (head || !journalled || *journalled) {
      // First of all, durably: from here on the key signs nothing more, whatever is lost below.
      tombstone = RemovedFeed{feed.feed, false, head ? head->tree_size : 0, head ? head->root : crypto::Digest{}};
      SHOAL_CHECK(put_removed(*files->own, *tombstone));
    }
  }
  if (own) {
    own->close();
    parts_.commit_thread->drop(own);
    own->release();
  }
  return {};
}

/// Nobody finds the feed any more. Sessions may still name it, so the object stays until the node closes.
void FeedTable::retire(const FeedReference& feed, const std::shared_ptr<FeedHost>& host) {
  {
    const std::lock_guard lock(mutex_);
    hosts_.erase(feed.feed);
    own_feeds_.erase(feed.name);
    volatile_feeds_.erase(feed.name);
    retired_.push_back(host);
  }
  if (parts_.swarm != nullptr) {
    parts_.discovery->remove(feed.feed);
    parts_.hub->forget(feed.feed);
    parts_.swarm->leave(replication::discovery_key(feed.feed));
  }
  // Behind everything that is under way on the strand.
  std::ignore = host->run([&] { host->replicator().close("the feed is not served any more"); });
  host->close_removed();
}

}  // namespace shoal::node
