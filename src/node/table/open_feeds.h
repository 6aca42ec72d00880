#pragma once

#include "node/api/feed_reference.h"
#include "node/directory/storage.h"
#include "node/feeds/feed_host.h"
#include "node/feeds/own_feed.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::node {

/// Which feeds of a node are open, and the files that they lie in: hosts by id, writers and volatile feeds by name.
/// Pure state; thread-safe. The lock is held while a feed's rows are opened, so that none is opened twice.
class OpenFeeds {
 public:
  explicit OpenFeeds(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}

  /// Code::closed once close() was called; so are all that give a Result.
  [[nodiscard]] Result<std::shared_ptr<Storage>> storage() const;
  /// Null when it is not open.
  [[nodiscard]] std::shared_ptr<FeedHost> host(const FeedId& feed) const;
  [[nodiscard]] std::shared_ptr<OwnFeed> writer(const std::string& name) const;
  /// The host, which `open` opens when it is missing. `open` must not call back into this.
  struct Opened {
    std::shared_ptr<FeedHost> host;
    bool fresh = false;  ///< opened by this call
  };
  [[nodiscard]] Result<Opened> host_or_open(const FeedId& feed,
                                            const std::function<Result<std::shared_ptr<FeedHost>>()>& open);
  void add_writer(const std::string& name, std::shared_ptr<OwnFeed> writer);
  /// The id that the name stands for; the first one stays.
  [[nodiscard]] Result<FeedId> add_volatile(const std::string& name, const FeedId& feed);
  [[nodiscard]] std::optional<FeedId> volatile_feed(const std::string& name) const;
  /// Names of the volatile feeds, with their ids.
  [[nodiscard]] std::map<std::string, FeedId> volatile_feeds() const;
  [[nodiscard]] std::vector<std::shared_ptr<FeedHost>> hosts() const;

  /// The feed is removed: nobody finds it any more. Sessions may still name it, so the host stays until the node
  /// closes.
  void retire(const FeedReference& feed, const std::shared_ptr<FeedHost>& host);
  /// Nothing is opened from here on, and own feeds take no more records.
  void close();
  /// Ends all waiting at the feeds.
  void close_feeds();
  /// All that is held, which is let go of here.
  struct All {
    std::map<FeedId, std::shared_ptr<FeedHost>> hosts;
    std::map<std::string, std::shared_ptr<OwnFeed>> writers;
    std::vector<std::shared_ptr<FeedHost>> retired;
    std::shared_ptr<Storage> storage;
  };
  [[nodiscard]] All take_all();

 private:
  /// Under mutex_.
  [[nodiscard]] Result<void> check_open() const;

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::shared_ptr<Storage> storage_;
  std::map<FeedId, std::shared_ptr<FeedHost>> hosts_;
  std::map<std::string, std::shared_ptr<OwnFeed>> writers_;
  std::map<std::string, FeedId> volatile_feeds_;
  std::vector<std::shared_ptr<FeedHost>> retired_;
};

}  // namespace shoal::node
