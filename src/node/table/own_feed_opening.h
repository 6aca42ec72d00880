#pragma once

#include "crypto/keys.h"
#include "node/directory/key_store.h"
#include "node/feeds/commit_thread.h"
#include "node/table/open_feeds.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace shoal::node {

/// The feed that was signed here under this name; nullopt when there is none.
[[nodiscard]] Result<std::optional<FeedId>> find_named(store::KvStore& own, const std::string& name);

/// Gives own feeds their writer, once everything says that it is safe to sign, and takes the right back when a peer
/// shows that it is not. Any thread.
class OwnFeedOpening {
 public:
  struct Context {
    OpenFeeds* open = nullptr;
    const KeyStore* keys = nullptr;
    CommitThread* commit_thread = nullptr;
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    base::MonoTime heartbeat{0};
  };
  explicit OwnFeedOpening(const Context& context) : context_(context) {}

  /// The writer that is open, or a new one. An empty `place`: of a volatile feed. Not from a feed's strand.
  [[nodiscard]] Result<std::shared_ptr<OwnFeed>> open(const std::string& name, std::shared_ptr<FeedHost> host,
                                                      crypto::KeyPair key, store::KvStore& store,
                                                      store::Journal& journal, std::string place) const;
  /// Nothing more of the own feed is signed, from the next turn of the commit thread on: `keep` writes down why for
  /// every later start, and gives the error; nullopt: it does not hold any more.
  void stop_signing(const FeedId& feed, const std::string& name,
                    std::function<std::optional<Error>(FeedHost& host)> keep) const;

 private:
  /// Commit thread.
  [[nodiscard]] Result<OwnFeed::Signer> open_signer(const std::string& name, FeedHost& host, crypto::KeyPair key,
                                                    store::KvStore& store, store::Journal& journal,
                                                    const std::string& place) const;

  const Context context_;
};

}  // namespace shoal::node
