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
/// its own executor and hands them to the feed's replicator on the feed's executor; takes messages back the other way.
/// Nothing of a feed is said before the other side proved that it knows the feed's id.
class SessionPeer : public PeerTransportHandler, public std::enable_shared_from_this<SessionPeer> {
 public:
  /// A feed that may be opened over a session, and where its messages go.
  struct Feed {
    FeedId id;
    Replicator* replicator = nullptr;    ///< outlives the session, or is null once it ended
    base::Executor* executor = nullptr;  ///< the feed's
  };
  struct Parts {
    const crypto::KeyPair* node_key = nullptr;
    base::Executor* executor = nullptr;  ///< this session's
    std::shared_ptr<void> keep = {};     ///< what owns that executor: a FeedChannel outlives the session by a moment
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    /// Finds a feed of this node by its discovery key; nullopt refuses the channel. Any thread.
    std::function<std::optional<Feed>(const crypto::Digest& discovery_key)> find_feed;
    /// True when the node key must be turned away (banned, or our own). Any thread.
    std::function<bool(const PublicKey&)> refuses;
    /// Another node answered where the user pinned a key. Any thread.
    std::function<void(const PeerAddress&, const PublicKey& found)> on_wrong_key = {};
    /// Counts what waits here for and from the peer; may be null.
    std::shared_ptr<PeerMemory::Account> memory = {};
    /// The peer's protocol has another major version, so that the session ends: what to tell. Any thread; may be empty.
    std::function<void(const PeerAddress&, const std::string& what)> on_other_version = {};
    /// Put between each feed's replicator and this session when set (a test's liar, a tap).
    std::function<std::shared_ptr<Outbox>(std::shared_ptr<Outbox>)> wrap_outbox = {};
    /// What our hello says; tests speak as older and newer nodes.
    Version version = {};
  };

  /// Starts the handshake for `feed`, the one the connection was made for. Deadlines run from here.
  static std::shared_ptr<SessionPeer> start(Parts parts, std::shared_ptr<PeerTransport> transport, Feed feed);
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
