#pragma once

#include "replication/peers/peer_transport.h"
#include "swarm/libtorrent/network_loop.h"

#include <libtorrent/peer_connection_handle.hpp>

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::swarm {

/// Sends and receives our messages as BEP 10 extension messages of one libtorrent connection. send(), queued() and
/// close() may be called from any thread, the other functions on the network thread only.
class ExtensionTransport final : public replication::PeerTransport,
                                 public std::enable_shared_from_this<ExtensionTransport> {
 public:
  ExtensionTransport(std::shared_ptr<NetworkLoop> loop, lt::peer_connection_handle connection,
                     replication::PeerAddress address, std::uint8_t remote_message_id);

  [[nodiscard]] const replication::PeerAddress& address() const override { return address_; }
  void send(ByteView message) override;
  [[nodiscard]] std::size_t queued() const override;
  void close(std::string_view reason) override;
  void trust_with_large_messages() override { largest_message_ = replication::kMaxMessageSize; }
  void note_standing(const replication::PeerStanding& standing) override;

  // Network thread only.
  [[nodiscard]] std::size_t largest_message() const { return largest_message_; }
  /// Sets the receiver of note_standing(), which is called on the network thread.
  void on_standing(std::function<void(const replication::PeerStanding&)> handler) { on_standing_ = std::move(handler); }
  void set_handler(std::shared_ptr<replication::PeerTransportHandler> handler) { handler_ = std::move(handler); }
  void deliver(ByteView message);
  void ended(std::string_view reason);

 private:
  void drain();
  void look_at_queue();
  void look_later();
  void forget_queue();

  std::shared_ptr<NetworkLoop> loop_;
  lt::peer_connection_handle connection_;
  replication::PeerAddress address_;
  std::uint8_t remote_message_id_;
  std::shared_ptr<replication::PeerTransportHandler> handler_;
  std::function<void(const replication::PeerStanding&)> on_standing_;
  std::atomic<std::size_t> largest_message_{replication::kMaxStrangerMessage};
  std::optional<boost::asio::steady_timer> queue_timer_;
  std::chrono::microseconds look_interval_{0};
  bool looking_ = false;            ///< a check of the queue is posted or its timer runs
  std::atomic<bool> ended_{false};  ///< written on the network thread

  std::mutex mutex_;
  std::vector<char> pending_;  ///< framed messages on their way to the network thread; under mutex_
  bool drain_posted_ = false;  ///< under mutex_
  std::atomic<std::size_t> pending_bytes_{0};
  std::atomic<std::size_t> library_bytes_{0};  ///< in libtorrent's send buffer at the last check
};

}  // namespace shoal::swarm
