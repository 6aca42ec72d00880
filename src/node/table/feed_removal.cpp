#include "node/table/feed_removal.h"

#include "base/try.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>

// An own feed's key must never sign another history than the one that others may hold. So removal writes the note of
// the last signed head first, durably, where signing happens: after it the writer refuses the key whatever is erased. A
// crash leaves the note unfinished, and finish() erases the rest at the next start. Mirrored feeds need no note.
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

bool is_nearly_full(const std::filesystem::path& path) {
  constexpr std::uintmax_t kWritten = std::uintmax_t{2} << 20;  // of logs and tables, with much to spare
  std::error_code unknown;
  const auto space = std::filesystem::space(path, unknown);
  return !unknown && space.available < kWritten;
}

}  // namespace

bool FeedRemoval::is_removed(const FeedId& feed) const {
  const auto files = context_.service.open->storage();
  if (!files) return false;
  const auto removed = find_removed(*(*files)->own, feed);
  return removed && removed->has_value();
}

Result<void> FeedRemoval::finish() {
  SHOAL_TRY(const auto files, context_.service.open->storage());
  SHOAL_TRY(const auto all, list_removed(*files->own));
  for (RemovedFeed removed : all) {
    if (!removed.done) SHOAL_CHECK(erase({files->own.get(), files->own.get()}, removed));
  }
  return {};
}

Result<void> FeedRemoval::erase(feed::FeedStores stores, RemovedFeed removed) {
  const auto erased = feed::FeedLog::remove(stores, removed.feed);
  if (!erased && erased.error().code != Code::not_found) return erased.error();
  removed.done = true;
  return put_removed(*stores.heads, removed);
}

Result<void> FeedRemoval::remove(const FeedReference& feed) {
  SHOAL_TRY(const auto files, context_.service.open->storage());
  // A removal gives more back than it writes, and a write that fails halfway is worse than the reserve gone for a
  // moment. DiskWatch makes it anew.
  const bool writable = (feed.own ? files->own : files->mirrored)->check_writable().ok();
  if (files->reserve && (!writable || is_nearly_full(files->directory->path()))) files->reserve->release();
  const auto host = context_.service.open->host(feed.feed);
  const auto own = feed.own ? context_.service.open->writer(feed.name) : nullptr;
  feed::FeedStores stores{files->own.get(), feed.own ? files->own.get() : files->mirrored.get()};
  if (host) stores = host->stores();
  std::optional<RemovedFeed> tombstone;
  if (feed.own) {
    // Where signing happens: no commit is on its way, and none comes after.
    SHOAL_CHECK(context_.commit_thread->run([&] { return end_signing(feed, stores, own, tombstone); }));
  }
  if (host) context_.service.end(feed, host, {Code::closed, "feed " + feed.feed.hex() + " was removed", ""});
  if (tombstone) {
    SHOAL_CHECK(erase(stores, *tombstone));
  } else {
    SHOAL_CHECK(feed::FeedLog::remove(stores, feed.feed));
  }
  return {};
}

Result<void> FeedRemoval::end_signing(const FeedReference& feed, const feed::FeedStores& stores,
                                      const std::shared_ptr<OwnFeed>& own, std::optional<RemovedFeed>& tombstone) {
  if (own && own->producing()) {
    return Error{Code::in_use, "feed " + feed.name + " is being published to", "end that producer first"};
  }
  SHOAL_TRY(const auto files, context_.service.open->storage());
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
    context_.commit_thread->drop(own);
    own->release();
  }
  return {};
}

}  // namespace shoal::node
