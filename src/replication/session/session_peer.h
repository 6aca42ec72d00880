#pragma once

#include "base/executor.h"
#include "base/log_sink.h"
#include "crypto/keys.h"
#include "replication/peers/peer_transport.h"
#include "replication/replicator.h"
#include "replication/session/peer_memory.h"
#include "replication/session/session.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::replication {

/// One connection: handshake, encryption, channels, send priority (docs/PROTOCOL.md, "Session"). Decodes messages on
/// its own executor and passes them to the feed's replicator on the feed's executor, and the replicator's messages
/// back.
///
/// Order of the handshake: hello in clear (ephemeral keys, X25519), then encrypted the open of a feed with a proof that
/// the sender knows its id, then the identity with a signature over the session by the node key. An identity is sent,
/// and a message about a feed accepted, only after the other side's open was proven: a stranger who dials learns
/// neither node keys nor which feeds are here. Each stage has a deadline, because a connection without an identity
/// takes memory and proves nothing. Violations after the identity are blamed on the node key; before it the session
/// only ends.
class SessionPeer : public PeerTransportHandler, public std::enable_shared_from_this<SessionPeer> {
 public:
  /// A feed that may be opened over a session, and where its messages go.
  struct Feed {
    FeedId id;
    Replicator* replicator = nullptr;    ///< outlives the session, or is null once it ended
    base::Executor* executor = nullptr;  ///< the feed's
  };
  struct Context {
    const crypto::KeyPair* node_key = nullptr;
    base::Executor* executor = nullptr;  ///< this session's
    std::shared_ptr<void> keep = {};  ///< owner of that executor: a FeedChannel outlives the session for a short time
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    /// Finds a feed of this node by its discovery key; nullopt refuses the channel. Any thread.
    std::function<std::optional<Feed>(const crypto::Digest& discovery_key)> find_feed;
    /// True when the node key must be refused (banned, or our own). Any thread.
    std::function<bool(const PublicKey&)> refuses;
    /// The node at this address has another key than the one that the user pinned. Any thread.
    std::function<void(const PeerAddress&, const PublicKey& found)> on_wrong_key = {};
    /// Counts the memory of waiting messages from and to the peer; may be null.
    std::shared_ptr<PeerMemory::Account> memory = {};
    /// The session ends because the peer speaks another major version; `what` says so. Any thread; may be empty.
    std::function<void(const PeerAddress&, const std::string& what)> on_other_version = {};
    /// Wraps the outbox of each feed's replicator; for tests that change messages. May be empty.
    std::function<std::shared_ptr<Outbox>(std::shared_ptr<Outbox>)> wrap_outbox = {};
    /// The version in our hello; tests set others.
    Version version = {};
  };

  /// Starts the handshake for `feed`, the one the connection was made for. Deadlines run from here.
  static std::shared_ptr<SessionPeer> start(Context context, std::shared_ptr<PeerTransport> transport, Feed feed);
  ~SessionPeer() override;

  void on_message(ByteView message) override;
  void on_writable() override;
  void on_closed(std::string_view reason) override;

 private:
  struct Impl;
  explicit SessionPeer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::replication
