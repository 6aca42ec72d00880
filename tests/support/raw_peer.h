#pragma once

#include "replication/session/session.h"
#include "replication/wire/message.h"

#include <chrono>
#include <optional>
#include <string>

/// One connection to a node by hand, down to the bytes: TCP, BitTorrent's handshake, BEP 10, the session. Says what it
/// is told to, true or not, in any order. For programs that attack real nodes; waits are bounded, threads are the
/// caller's.
namespace shoal::testing {

class RawPeer {
 public:
  using Milliseconds = std::chrono::milliseconds;

  RawPeer() = default;
  ~RawPeer() { close(); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  /// Each step returns false when the other side refused, closed or said nothing in time.
  [[nodiscard]] bool connect(const std::string& host_port);
  /// Both BitTorrent handshakes and ours of BEP 10; theirs is awaited.
  [[nodiscard]] bool join(const FeedId& feed, Milliseconds timeout = Milliseconds(5000));
  /// hello, open, identity, both ways; then session() talks.
  [[nodiscard]] bool open_session(const FeedId& feed, Milliseconds timeout = Milliseconds(5000));
  void close();

  /// Bytes as they are; false when the connection is gone or they are not taken within `timeout`.
  [[nodiscard]] bool send_bytes(ByteView bytes, Milliseconds timeout = Milliseconds(10000));
  /// One extension message of ours, sealed or not.
  [[nodiscard]] bool send_frame(ByteView body);
  /// Seals and sends one plain message.
  [[nodiscard]] bool send_plain(ByteView plain);
  [[nodiscard]] bool send(const replication::Body& body);
  /// The next message that came; nullopt after `timeout` and when the connection is gone (then closed() is true).
  [[nodiscard]] std::optional<replication::Message> receive(Milliseconds timeout);
  /// Reads nothing but whether the other side ended the connection.
  [[nodiscard]] bool wait_closed(Milliseconds timeout);
  [[nodiscard]] bool closed() const { return fd_ < 0; }

  /// After open_session(): what came first of the session may wait to be received.
  [[nodiscard]] replication::Session& session() { return *session_; }

 private:
  /// Reads what is there, waiting for it until `end`; false when nothing more comes.
  [[nodiscard]] bool fill(std::chrono::steady_clock::time_point end);
  /// The next extension message of ours, or the BEP 10 handshake when none was seen before.
  [[nodiscard]] std::optional<Bytes> next_frame(std::chrono::steady_clock::time_point end);
  [[nodiscard]] std::optional<replication::Message> open_next(std::chrono::steady_clock::time_point end);

  int fd_ = -1;
  int remote_id_ = 0;
  Bytes in_;
  std::optional<replication::Session> session_;
};

/// The BitTorrent handshake of a peer of this feed.
[[nodiscard]] Bytes bittorrent_handshake(const FeedId& feed);
/// `[u32 length][20][id][body]`, the length as it is or as `length` says.
[[nodiscard]] Bytes extension_frame(int id, ByteView body, std::optional<std::uint32_t> length = std::nullopt);

}  // namespace shoal::testing
