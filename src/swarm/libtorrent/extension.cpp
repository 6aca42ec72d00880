#include "swarm/libtorrent/extension.h"

#include "swarm/libtorrent/endpoints.h"
#include "swarm/libtorrent/extension_transport.h"
#include "swarm/libtorrent/socket_options.h"

#include <libtorrent/bdecode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_connection_handle.hpp>
#include <libtorrent/peer_info.hpp>

namespace shoal::swarm {
namespace {

constexpr char kExtensionName[] = "shoal";
constexpr char kNonceName[] = "shoal_nonce";
constexpr char kOurAddressName[] = "yourip";  // BEP 10: of the receiver
constexpr char kPortName[] = "p";             // BEP 10: where the sender listens
/// Message id under which peers send us our messages; libtorrent uses 1, 2, 3, 4, 7 and 8.
constexpr int kOurMessageId = 42;
/// Seconds (plugin ticks) within which a peer must show that it speaks our extension.
constexpr int kHandshakeTicks = 10;
/// Seconds that dialling may take. libtorrent times out sooner (peer_connect_timeout), except after many failures, and
/// only its own time-out asks a common peer for hole punching (BEP 55).
constexpr int kConnectTicks = 20;
/// BEP 10 handshakes may repeat; each one is parsed.
constexpr int kMaxHandshakes = 16;
/// Other extension messages are peer exchange (BEP 11), which are smaller. libtorrent itself accepts any message of up
/// to a mebibyte, also a BEP 10 handshake: tick() checks its receive buffer every second.
constexpr int kMaxForeignMessage = 32 << 10;
constexpr int kMaxReceiveBuffer = 128 << 10;
/// Seconds that the local address may be missing from the machine: a renewed lease removes it for a moment.
constexpr int kAddressTicks = 2;

replication::PeerAddress describe(const lt::peer_connection_handle& connection, const FeedConnections& feed,
                                  std::int64_t listen_port) {
  lt::peer_info info;
  connection.get_peer_info(info);
  const bool utp = static_cast<bool>(info.flags & lt::peer_info::utp_socket);
  const auto& remote = connection.remote();
  replication::PeerAddress address{endpoint_text(remote), utp ? "utp" : "tcp", connection.is_outgoing()};
  const bool dialable = address.outgoing || (listen_port > 0 && listen_port <= UINT16_MAX);
  if (!dialable) return address;
  const auto port = address.outgoing ? remote.port() : static_cast<std::uint16_t>(listen_port);
  address.dial_at = endpoint_text(remote.address(), port);
  // The pin also holds for an incoming connection from this address: a node that we refused may dial us.
  const auto pinned = feed.pinned.find({remote.address(), port});
  if (pinned != feed.pinned.end()) address.pinned = pinned->second;
  return address;
}

/// `severity`: libtorrent's disconnect_severity_t, 0 to 2.
void disconnect_soon(NetworkLoop& loop, lt::peer_connection_handle connection, lt::error_code why,
                     std::uint8_t severity) {
  loop.post([connection = std::move(connection), why, severity]() mutable {
    if (!connection.native_handle()) return;
    connection.disconnect(why, lt::operation_t::bittorrent, lt::disconnect_severity_t{severity});
  });
}

class PeerExtension final : public lt::peer_plugin {
 public:
  PeerExtension(lt::peer_connection_handle connection, std::shared_ptr<FeedConnections> feed)
      : connection_(std::move(connection)), feed_(std::move(feed)) {}
  ~PeerExtension() override {
    end("connection closed");
    feed_->gate->remove(place_);
  }
  PeerExtension(const PeerExtension&) = delete;
  PeerExtension& operator=(const PeerExtension&) = delete;

  [[nodiscard]] lt::string_view type() const override { return kExtensionName; }

  void on_connected() override { connected_ = true; }

  void add_handshake(lt::entry& handshake) override {
    handshake["m"][kExtensionName] = kOurMessageId;
    handshake[kNonceName] = feed_->nonce;
  }

  bool on_handshake(lt::span<const char> reserved) override {
    // BEP 10: bit 20 from the right.
    const bool extended = (static_cast<unsigned char>(reserved[5]) & 0x10U) != 0;
    if (extended && take_place()) return true;
    drop(boost::asio::error::connection_refused);
    return false;
  }

  bool on_extension_handshake(const lt::bdecode_node& handshake) override {
    const int id = advertised_id(handshake);
    if (id <= 0 || id > 255 || ++handshakes_ > kMaxHandshakes) {
      drop(boost::asio::error::connection_refused);
      return false;
    }
    if (handshake.dict_find_string_value(kNonceName) == feed_->nonce) {
      drop(lt::errors::self_connection);
      return false;
    }
    feed_->reported_addresses->note(connection_.remote().address(), handshake.dict_find_string_value(kOurAddressName));
    // Handshakes may repeat; use the first one.
    if (!transport_) start(static_cast<std::uint8_t>(id), handshake.dict_find_int_value(kPortName, 0));
    return true;
  }

  bool on_extended(int length, int message, lt::span<const char> body) override {
    const bool ours = message == kOurMessageId && transport_;
    if (length > (ours ? static_cast<int>(transport_->largest_message()) : kMaxForeignMessage)) {
      drop(lt::errors::packet_too_large);
      return true;
    }
    if (!ours) return false;
    // libtorrent calls this for each fragment that arrives; wait for the whole message.
    if (static_cast<int>(body.size()) < length) return true;
    transport_->deliver({reinterpret_cast<const std::uint8_t*>(body.data()), static_cast<std::size_t>(body.size())});
    return true;
  }

  void on_disconnect(const lt::error_code& error) override {
    if (error == lt::errors::self_connection) on_self();
    if (connection_.is_outgoing() && !connected_) feed_->unreached.failed(connection_.remote());
    end(error.message());
    feed_->gate->remove(place_);
  }

  void tick() override {
    if (connection_.is_connecting()) {
      if (++connecting_ticks_ > kConnectTicks) drop(lt::errors::timed_out);
      return;
    }
    if (!transport_ && ++ticks_ > kHandshakeTicks) return drop(lt::errors::timed_out_no_handshake);
    lt::peer_info info;
    connection_.get_peer_info(info);
    if (info.used_receive_buffer > kMaxReceiveBuffer) return drop(lt::errors::packet_too_large);
    const bool homeless = !feed_->addresses->has(connection_.local_endpoint().address());
    homeless_ticks_ = homeless ? homeless_ticks_ + 1 : 0;
    if (homeless_ticks_ > kAddressTicks) drop(boost::asio::error::network_down);
  }

 private:
  /// Either end may notice it first; the other end then only sees the connection close.
  void on_self() {
    const bool dialled = connection_.is_outgoing();
    feed_->own_endpoints->learn(dialled ? connection_.remote() : connection_.local_endpoint(),
                                OwnEndpoints::Clock::now());
    ++feed_->counts->self_connections;
    if (!dialled) --feed_->counts->connections_in;
  }

  static int advertised_id(const lt::bdecode_node& handshake) {
    if (handshake.type() != lt::bdecode_node::dict_t) return -1;
    const lt::bdecode_node messages = handshake.dict_find_dict("m");
    return messages ? static_cast<int>(messages.dict_find_int_value(kExtensionName, -1)) : -1;
  }

  /// Asks for a place under the connection limits; false: refused.
  bool take_place() {
    place_ = feed_->gate->admit(feed_->number, connection_.remote().address(), connection_.is_outgoing(),
                                // Later: this runs inside a callback of another connection.
                                [connection = connection_, loop = feed_->loop] {
                                  disconnect_soon(*loop, connection, lt::errors::too_many_connections, 1);
                                });
    return place_ != 0;
  }

  void start(std::uint8_t remote_id, std::int64_t listen_port) {
    tune_tcp_socket(connection_.local_endpoint(), connection_.remote());
    const auto address = describe(connection_, *feed_, listen_port);
    ++(address.outgoing ? feed_->counts->peers_out : feed_->counts->peers_in);
    if (address.outgoing) feed_->unreached.reached(connection_.remote());
    transport_ = std::make_shared<ExtensionTransport>(feed_->loop, connection_, address, remote_id);
    transport_->on_standing([gate = feed_->gate, place = place_](const replication::PeerStanding& standing) {
      gate->note_standing(place, standing.node_key, standing.given_blocks);
    });
    transport_->set_handler(feed_->acceptor->on_connected(transport_));
    feed_->on_peers_changed(++feed_->peers);
  }

  void end(std::string_view reason) {
    if (!transport_ || ended_) return;
    ended_ = true;
    transport_->ended(reason);
    feed_->on_peers_changed(--feed_->peers);
  }

  void drop(const lt::error_code& why) {
    connection_.disconnect(why, lt::operation_t::bittorrent, lt::disconnect_severity_t{2});
  }

  lt::peer_connection_handle connection_;
  std::shared_ptr<FeedConnections> feed_;
  std::shared_ptr<ExtensionTransport> transport_;
  ConnectionGate::Id place_ = 0;
  bool connected_ = false;  ///< the TCP or uTP connection is up
  int connecting_ticks_ = 0;
  int ticks_ = 0;
  int handshakes_ = 0;
  int homeless_ticks_ = 0;
  bool ended_ = false;
};

class FeedExtension final : public lt::torrent_plugin {
 public:
  explicit FeedExtension(std::shared_ptr<FeedConnections> feed) : feed_(std::move(feed)) {}

  std::shared_ptr<lt::peer_plugin> new_connection(const lt::peer_connection_handle& connection) override {
    if (connection.type() != lt::connection_type::bittorrent) return {};
    if (connection.is_outgoing() && feed_->own_endpoints->has(connection.remote(), OwnEndpoints::Clock::now())) {
      // Later: this runs inside of libtorrent's dialling. It ends before the expensive encrypted handshake.
      disconnect_soon(*feed_->loop, connection, lt::errors::self_connection, 0);
      return {};
    }
    if (!connection.is_outgoing()) ++feed_->counts->connections_in;
    return std::make_shared<PeerExtension>(connection, feed_);
  }

 private:
  std::shared_ptr<FeedConnections> feed_;
};

}  // namespace

std::shared_ptr<lt::torrent_plugin> make_feed_extension(std::shared_ptr<FeedConnections> feed) {
  return std::make_shared<FeedExtension>(std::move(feed));
}

}  // namespace shoal::swarm
