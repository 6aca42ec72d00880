#pragma once

#include "crypto/hash.h"
#include "replication/peers/peer_transport.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::replication {

/// Receives the connections of one joined feed.
class PeerAcceptor {
 public:
  virtual ~PeerAcceptor() = default;
  /// A connection whose other side speaks our extension. Returns the handler that the transport keeps for its life; the
  /// transport lives until its on_closed. Called on the locator's thread: implementations only hand it on.
  virtual std::shared_ptr<PeerTransportHandler> on_connected(std::shared_ptr<PeerTransport> transport) = 0;
};

/// Finds and connects peers of feeds. Implementations: the libtorrent swarm, the tests' in-memory network.
class PeerLocator {
 public:
  virtual ~PeerLocator() = default;
  /// Announces and looks for peers under the discovery key until leave(). Joining twice replaces the acceptor.
  virtual void join(const crypto::Digest& discovery_key, std::shared_ptr<PeerAcceptor> acceptor) = 0;
  virtual void leave(const crypto::Digest& discovery_key) = 0;
  /// Dials `host:port` for a joined feed, and dials again from time to time while it is joined. Only the node with the
  /// `pinned` key gets a session there.
  virtual void dial(const crypto::Digest& discovery_key, std::string_view host_port,
                    const std::optional<PublicKey>& pinned) = 0;
  void dial(const crypto::Digest& discovery_key, std::string_view host_port) {
    dial(discovery_key, host_port, std::nullopt);
  }
  /// The joined feed has too few peers, or they are suspect: looks for others now. Repeated calls count as one.
  virtual void need_peers(const crypto::Digest& discovery_key) = 0;
};

}  // namespace shoal::replication
