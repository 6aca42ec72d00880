#pragma once

#include "node/api/feed_reference.h"
#include "node/api/owning_api.h"
#include "node/directory/key_store.h"
#include "node/directory/storage.h"
#include "node/directory/trusted_mirrors.h"
#include "node/feeds/commit_thread.h"
#include "node/feeds/own_feed.h"
#include "node/network/discovery.h"
#include "node/network/peer_hub.h"
#include "node/table/feed_recovery.h"
#include "node/table/feed_removal.h"
#include "node/table/open_feeds.h"
#include "node/table/own_feed_opening.h"
#include "swarm/swarm.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::node {

/// The feeds of a node by name and id, and how they are opened: rows, writer, swarm. Thread-safe.
class FeedTable {
 public:
  struct Context {
    std::shared_ptr<Storage> storage;
    KeyStore* keys = nullptr;
    const TrustedMirrors* mirrors = nullptr;
    WorkerPool* pool = nullptr;
    PeerHub* hub = nullptr;
    swarm::Swarm* swarm = nullptr;              ///< null: offline
    std::shared_ptr<Discovery> discovery = {};  ///< null: offline
    CommitThread* commit_thread = nullptr;
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    bool upload = true;
    base::MonoTime heartbeat{0};          ///< see NodeOptions
    std::filesystem::path forks = {};     ///< directory of proofs of forks
    std::vector<std::string> peers = {};  ///< dialled for every feed
    /// See NodeApi::on_peer_blamed().
    std::function<void(const PeerInfo&, std::string_view)> on_blamed = {};
  };
  explicit FeedTable(Context context);

  /// Code::closed once release() was called.
  [[nodiscard]] Result<std::shared_ptr<Storage>> storage() const { return open_.storage(); }
  /// See ReadingApi::resolve().
  [[nodiscard]] Result<FeedReference> resolve(std::string_view feed) const;
  /// Opens the feed when it is not open yet, an own one with its writer. An own feed that cannot be signed (sealed key,
  /// unsafe) is opened for reading, and OwnTerms::writer_problem() says why.
  [[nodiscard]] Result<std::shared_ptr<FeedHost>> host(const FeedReference& feed);
  /// The own feed with its writer. `passphrase` goes before the configured one. Not from a feed's strand.
  [[nodiscard]] Result<std::shared_ptr<OwnFeed>> own(const std::string& name,
                                                     const std::optional<std::string>& passphrase = {});
  /// Makes a volatile feed. Code::already_exists when a key has the name.
  [[nodiscard]] Result<OpenedFeed> open_volatile(const std::string& name);
  [[nodiscard]] bool is_volatile(const FeedId& feed) const;
  /// Follows the feed for good; the options are kept. Not for own feeds.
  [[nodiscard]] Result<std::shared_ptr<FeedHost>> mirror(const FeedReference& feed, const MirrorOptions& options);
  /// Follows every feed again that is mirrored here. One feed's trouble never ends the others.
  void resume_mirrors();
  /// What of the own feed stays from now on.
  [[nodiscard]] Result<void> set_retention(const FeedReference& feed, const Retention& retention);
  /// See KeepingApi::remove(). Open subscriptions of the feed answer Code::closed.
  [[nodiscard]] Result<void> remove(const FeedReference& feed) { return removal_.remove(feed); }
  /// Erases what a crash left of removals.
  [[nodiscard]] Result<void> finish_removals() { return removal_.finish(); }
  /// Waits a moment for the heads of the peers that the user named: one of them may know of a longer head of ours.
  void hear_peers(FeedHost& host) const;
  /// See OwningApi::recover().
  [[nodiscard]] Result<RecoveredFeed> recover(const std::string& name, const RecoverOptions& options, const Wait& wait);
  /// Has `take` add blocks to an own feed, which is closed meanwhile. See FeedRecovery::take_in().
  [[nodiscard]] Result<void> take_in(const FeedReference& feed, const std::function<Result<void>(FeedHost&)>& take);
  /// Every feed that is owned here or has rows.
  [[nodiscard]] Result<std::vector<FeedReference>> known() const;
  [[nodiscard]] std::vector<std::shared_ptr<FeedHost>> open_hosts() const { return open_.hosts(); }

  /// Own feeds take no more records; what they took is still committed.
  void stop_taking() { open_.close(); }
  /// Everybody who waits for a feed answers Code::closed.
  void close_feeds() { open_.close_feeds(); }
  /// Makes durable what was mirrored and lets go of feeds and files. Pool and commit thread have stopped.
  void release();

 private:
  /// Everything a volatile feed has for itself.
  struct VolatileFiles {
    std::unique_ptr<store::KvStore> store;
    std::unique_ptr<store::Journal> journal;
  };

  [[nodiscard]] FeedHost::Context host_context(const FeedReference& feed, feed::FeedStores stores,
                                               std::shared_ptr<void> files);
  [[nodiscard]] Result<std::shared_ptr<FeedHost>> open_host(const FeedReference& feed, feed::FeedStores stores,
                                                            std::shared_ptr<void> files);
  [[nodiscard]] FeedService service();
  void dial(const FeedId& feed, const std::vector<std::string>& peers);
  void blame(const FeedId& feed, const replication::PeerView& peer, std::string_view what);
  void keep_bans();

  Context context_;
  const std::weak_ptr<Storage> files_;
  OpenFeeds open_;
  FeedRemoval removal_;
  OwnFeedOpening opening_;
  FeedRecovery recovery_;
  const std::shared_ptr<base::Executor> flusher_;  ///< one waits for the disk at a time
  /// What the peers of all feeds together may have on their way to us: half of the 512 MiB that peers may cost.
  std::shared_ptr<replication::CreditPool> credit_ =
      std::make_shared<replication::CreditPool>(std::uint64_t{256} << 20);
};

}  // namespace shoal::node
