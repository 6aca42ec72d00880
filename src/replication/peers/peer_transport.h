#pragma once

#include "replication/wire/message_size.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::replication {

/// Facts about a connection for users and logs; never trusted.
struct PeerAddress {
  std::string host_port;  ///< `127.0.0.1:40001`
  std::string transport;  ///< `tcp`, `utp`, `memory`
  bool outgoing = false;  ///< we dialled
  /// The node key that the user requires at this address.
  std::optional<PublicKey> pinned = {};
  std::string dial_at = {};  ///< `host:port` where it can be dialled again; empty: unknown
};

/// Facts about the other side that the connection policy needs to choose which connection ends.
struct PeerStanding {
  PublicKey node_key;              ///< proven
  std::uint64_t given_blocks = 0;  ///< verified blocks that came from it
};

/// One side of an ordered, reliable, message-keeping connection. Implementations: libtorrent's extension messages, the
/// in-memory network of the tests. All calls on the executor that owns the peer's session.
class PeerTransport {
 public:
  virtual ~PeerTransport() = default;
  [[nodiscard]] virtual const PeerAddress& address() const = 0;
  /// Queues one message of at most kMaxMessageSize bytes. Nothing happens after the end of the connection.
  virtual void send(ByteView message) = 0;
  /// Bytes queued and not yet handed to the operating system. Keep it under 128 KiB; on_writable tells when it fell.
  [[nodiscard]] virtual std::size_t queued() const = 0;
  /// Ends the connection; on_closed follows unless the handler is gone.
  virtual void close(std::string_view reason) = 0;
  /// Takes messages up to kMaxMessageSize from now on, where kMaxStrangerMessage was the limit.
  virtual void trust_with_large_messages() {}
  virtual void note_standing(const PeerStanding& /*standing*/) {}
};

/// Receives messages and events of a transport, on the same executor.
class PeerTransportHandler {
 public:
  virtual ~PeerTransportHandler() = default;
  /// `message` is valid during the call.
  virtual void on_message(ByteView message) = 0;
  /// The queue fell below half of its size when it was last full.
  virtual void on_writable() = 0;
  /// The connection is gone; no call follows.
  virtual void on_closed(std::string_view reason) = 0;
};

}  // namespace shoal::replication
