#pragma once

#include "node/api/owning_api.h"
#include "node/directory/key_lock.h"
#include "node/directory/key_store.h"
#include "node/directory/trusted_mirrors.h"
#include "node/feeds/commit_thread.h"
#include "node/table/feed_service.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace shoal::node {

/// Takes the history of an own feed back from others, where signing on without it could begin a second one. Any thread.
class FeedRecovery {
 public:
  struct Context {
    FeedService service;
    CommitThread* commit_thread = nullptr;
    KeyStore* keys = nullptr;
    const TrustedMirrors* mirrors = nullptr;
    base::LogSink* log = nullptr;
    /// Opens the rows of an own feed as if it were somebody else's: others may add to them.
    std::function<Result<std::shared_ptr<FeedHost>>(const FeedReference&)> open_as_mirror;
  };
  explicit FeedRecovery(Context context) : context_(std::move(context)) {}

  /// See OwningApi::recover(). The feed's host is closed before and after; whoever needs it opens it again.
  [[nodiscard]] Result<RecoveredFeed> recover(const FeedReference& feed, const RecoverOptions& options,
                                              const Wait& wait);
  /// Has `take` add blocks to the feed's rows, verified as those of others are. Whether it is safe to sign on from them
  /// is for recover() to find out.
  [[nodiscard]] Result<void> take_in(const FeedReference& feed, const std::function<Result<void>(FeedHost&)>& take);
  /// The feed is being recovered: its rows are not the writer's.
  [[nodiscard]] bool is_busy(const FeedId& feed) const;

 private:
  /// No writer has the feed, and none gets it, until the returned object goes. Code::in_use.
  [[nodiscard]] Result<std::shared_ptr<void>> take_over(const FeedReference& feed);
  [[nodiscard]] Result<std::shared_ptr<FeedHost>> open_as_mirror(const FeedReference& feed) const;
  [[nodiscard]] Result<void> bring_over(const FeedReference& feed) const;
  /// Fetches what others hold; the number of blocks that were not here.
  [[nodiscard]] Result<std::uint64_t> fetch(const FeedReference& feed, const RecoverOptions& options, const Wait& wait);
  [[nodiscard]] Result<void> wait_fetched(FeedHost& host, const RecoverOptions& options, const Wait& wait) const;
  /// The DHT shows no head that goes beyond what came.
  [[nodiscard]] Result<void> check_hint(FeedHost& host) const;
  /// Somebody holds at least what is here, of named mirrors when there are any.
  [[nodiscard]] Result<void> check_witness(FeedHost& host) const;
  /// Journal, store and mark agree from here on. Commit thread.
  [[nodiscard]] Result<feed::Checkpoint> adopt(const FeedReference& feed, const RecoverOptions& options) const;
  void close_host(const FeedReference& feed) const;

  const Context context_;
  mutable std::mutex mutex_;
  std::set<FeedId> busy_;
};

}  // namespace shoal::node
