#pragma once

#include "crypto/keys.h"
#include "feed/format/receipt.h"
#include "node/feeds/feed_host.h"
#include "node/runtime/worker_pool.h"
#include "replication/peers/peer_locator.h"
#include "replication/session/ban_list.h"
#include "replication/session/peer_memory.h"
#include "replication/session/session_peer.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace shoal::node {

/// Makes sessions of the swarm's connections, each on its own strand, so that the decryption of one peer does not delay
/// others. Refuses banned nodes, and closes the worst connection when the messages that wait for all peers together
/// take too much memory (PeerMemory); without these one hostile node could stop all feeds. Thread-safe.
class PeerHub final : public std::enable_shared_from_this<PeerHub> {
 public:
  PeerHub(crypto::KeyPair node_key, WorkerPool& pool, const base::Clock& clock, base::LogSink& log);

  [[nodiscard]] const PublicKey& node_key() const { return node_key_.public_key(); }
  /// Sets the receipt's node key and signature.
  void sign_receipt(feed::Receipt& receipt) const { feed::sign_receipt(receipt, node_key_); }
  using WrapOutbox = std::function<std::shared_ptr<replication::Outbox>(std::shared_ptr<replication::Outbox>)>;
  /// See SessionPeer::Context::wrap_outbox. Before the first connection.
  void wrap_outboxes(WrapOutbox wrap) { wrap_outbox_ = std::move(wrap); }

  /// Accepts connections for the feed from now on; `host` must live until the pool has stopped.
  void serve(FeedHost& host);
  /// The acceptor of the connections that the swarm makes for this feed.
  [[nodiscard]] std::shared_ptr<replication::PeerAcceptor> acceptor(const FeedId& feed);
  /// Refuses new connections for the feed.
  void forget(const FeedId& feed);
  /// The node lied: bans it. See BanList.
  void ban(const PublicKey& node);
  /// The node sent more than any peer may. See BanList.
  void note_flood(const PublicKey& node);
  /// Loads the bans of an earlier run. A failure is logged; the node then runs without them.
  void load_bans(const store::KvStore& own);
  /// Saves the bans for the next run. To be called on one executor only: of two calls at once the older list could
  /// stay.
  void save_bans(store::KvStore& own) const;
  /// Refuses all new connections; sessions end with their connections.
  void close();

 private:
  friend class FeedAcceptor;

  /// A connection and its memory account.
  struct PeerAccount {
    std::weak_ptr<replication::PeerMemory::Account> account;
    std::weak_ptr<replication::PeerTransport> transport;
  };
  [[nodiscard]] std::shared_ptr<replication::PeerMemory::Account> open_account(
      const std::shared_ptr<replication::PeerTransport>& transport);
  /// Closes the connection that PeerMemory::worst() names.
  void relieve_memory();
  void warn_wrong_key(const replication::PeerAddress& address, const PublicKey& found);
  [[nodiscard]] std::optional<replication::SessionPeer::Feed> find(const crypto::Digest& key) const;
  [[nodiscard]] bool refuses(const PublicKey& node) const;
  /// Logs once for each host that it speaks another major version.
  void tell_other_version(const replication::PeerAddress& peer, const std::string& what);
  [[nodiscard]] replication::SessionPeer::Context session_parts(
      const std::shared_ptr<base::Executor>& strand, std::shared_ptr<replication::PeerMemory::Account> memory);

  crypto::KeyPair node_key_;
  WorkerPool* pool_;
  const base::Clock* clock_;
  base::LogSink* log_;
  WrapOutbox wrap_outbox_;

  mutable std::mutex mutex_;
  std::map<crypto::Digest, FeedHost*> feeds_;
  replication::BanList bans_;  ///< under mutex_
  std::shared_ptr<replication::PeerMemory> memory_;
  std::vector<PeerAccount> accounts_;                       ///< under mutex_
  std::map<std::string, base::MonoTime> wrong_key_warned_;  ///< time of the last warning by address; under mutex_
  std::set<std::string> other_versions_;                    ///< hosts that were logged; under mutex_
};

}  // namespace shoal::node
