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
#include <vector>

namespace shoal::node {

/// Turns the swarm's connections into sessions of the node's feeds, each session on a strand of its own, turns banned
/// nodes away, and ends sessions when what waits for all peers together takes too much memory. Thread-safe.
class PeerHub final : public std::enable_shared_from_this<PeerHub> {
 public:
  PeerHub(crypto::KeyPair node_key, WorkerPool& pool, const base::Clock& clock, base::LogSink& log);

  [[nodiscard]] const PublicKey& node_key() const { return node_key_.public_key(); }
  /// Sets the receipt's node key and signature.
  void sign_receipt(feed::Receipt& receipt) const { feed::sign_receipt(receipt, node_key_); }
  using WrapOutbox = std::function<std::shared_ptr<replication::Outbox>(std::shared_ptr<replication::Outbox>)>;
  /// See SessionPeer::Parts::wrap_outbox. Before the first connection.
  void wrap_outboxes(WrapOutbox wrap) { wrap_outbox_ = std::move(wrap); }

  /// Opens the feed to connections; `host` lives until the pool has stopped.
  void serve(FeedHost& host);
  /// Accepts connections that were made for this feed.
  [[nodiscard]] std::shared_ptr<replication::PeerAcceptor> acceptor(const FeedId& feed);
  /// Opens the feed to no connection any more.
  void forget(const FeedId& feed);
  /// The node lied: it is turned away for a while.
  void ban(const PublicKey& node);
  /// The node asked for more than anybody may.
  void note_flood(const PublicKey& node);
  /// Bans of a former run. Trouble with them is logged: a node does without.
  void load_bans(const store::KvStore& own);
  /// For the next run, in which they outlast a kill. From one executor: of two at once the older list could stay.
  void save_bans(store::KvStore& own) const;
  /// Opens no feed any more; sessions end with their connections.
  void close();

 private:
  friend class FeedAcceptor;

  /// A connection and what it holds.
  struct Held {
    std::weak_ptr<replication::PeerMemory::Account> account;
    std::weak_ptr<replication::PeerTransport> transport;
  };
  [[nodiscard]] std::shared_ptr<replication::PeerMemory::Account> open_account(
      const std::shared_ptr<replication::PeerTransport>& transport);
  /// Ends the connection that is worth least for what it holds.
  void relieve_memory();
  void warn_wrong_key(const replication::PeerAddress& address, const PublicKey& found);
  [[nodiscard]] std::optional<replication::SessionPeer::Feed> find(const crypto::Digest& key) const;
  [[nodiscard]] bool refuses(const PublicKey& node) const;
  /// Says it once for each host.
  void tell_other_version(const replication::PeerAddress& peer, const std::string& what);
  [[nodiscard]] replication::SessionPeer::Parts session_parts(const std::shared_ptr<base::Executor>& strand,
                                                              std::shared_ptr<replication::PeerMemory::Account> memory);

  crypto::KeyPair node_key_;
  WorkerPool* pool_;
  const base::Clock* clock_;
  base::LogSink* log_;
  WrapOutbox wrap_outbox_;

  mutable std::mutex mutex_;
  std::map<crypto::Digest, FeedHost*> feeds_;
  replication::BanList bans_;  ///< under mutex_
  std::shared_ptr<replication::PeerMemory> memory_;
  std::vector<Held> held_;                                ///< under mutex_
  std::map<std::string, base::MonoTime> wrong_key_told_;  ///< when, by address; under mutex_
  std::set<std::string> other_versions_;                  ///< hosts that were told of; under mutex_
};

}  // namespace shoal::node
