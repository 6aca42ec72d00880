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
/// What others address us with; 1, 2, 3, 4, 7 and 8 are libtorrent's own.
constexpr int kOurMessageId = 42;
/// Seconds (plugin ticks) a peer has to show that it speaks our extension.
constexpr int kHandshakeTicks = 10;

replication::PeerAddress describe(const lt::peer_connection_handle& connection) {
  lt::peer_info info;
  connection.get_peer_info(info);
  const bool utp = static_cast<bool>(info.flags & lt::peer_info::utp_socket);
  return {endpoint_text(connection.remote()), utp ? "utp" : "tcp", connection.is_outgoing()};
}

class PeerExtension final : public lt::peer_plugin {
 public:
  PeerExtension(lt::peer_connection_handle connection, std::shared_ptr<FeedConnections> feed)
      : connection_(std::move(connection)), feed_(std::move(feed)) {}
  ~PeerExtension() override { end("connection closed"); }
  PeerExtension(const PeerExtension&) = delete;
  PeerExtension& operator=(const PeerExtension&) = delete;

  [[nodiscard]] lt::string_view type() const override { return kExtensionName; }

  void add_handshake(lt::entry& handshake) override {
    handshake["m"][kExtensionName] = kOurMessageId;
    handshake[kNonceName] = feed_->nonce;
  }

  bool on_handshake(lt::span<const char> reserved) override {
    // BEP 10: bit 20 from the right.
    if ((static_cast<unsigned char>(reserved[5]) & 0x10U) != 0) return true;
    drop(boost::asio::error::connection_refused);
    return false;
  }

  bool on_extension_handshake(const lt::bdecode_node& handshake) override {
    const int id = advertised_id(handshake);
    if (id <= 0 || id > 255) {
      drop(boost::asio::error::connection_refused);
      return false;
    }
    if (handshake.dict_find_string_value(kNonceName) == feed_->nonce) {
      // The DHT tells us our own address too; libtorrent does not dial one again that ends this way.
      drop(lt::errors::self_connection);
      return false;
    }
    // Handshakes may repeat; the first one counts.
    if (!transport_) start(static_cast<std::uint8_t>(id));
    return true;
  }

  bool on_extended(int length, int message, lt::span<const char> body) override {
    if (message != kOurMessageId || !transport_) return false;
    if (length > static_cast<int>(replication::kMaxMessageSize)) {
      drop(lt::errors::packet_too_large);
      return true;
    }
    // Called once per fragment that arrived; only the whole message is of use.
    if (static_cast<int>(body.size()) < length) return true;
    transport_->deliver({reinterpret_cast<const std::uint8_t*>(body.data()), static_cast<std::size_t>(body.size())});
    return true;
  }

  void on_disconnect(const lt::error_code& error) override { end(error.message()); }

  void tick() override {
    if (!transport_ && ++ticks_ > kHandshakeTicks) drop(lt::errors::timed_out_no_handshake);
  }

 private:
  static int advertised_id(const lt::bdecode_node& handshake) {
    if (handshake.type() != lt::bdecode_node::dict_t) return -1;
    const lt::bdecode_node messages = handshake.dict_find_dict("m");
    return messages ? static_cast<int>(messages.dict_find_int_value(kExtensionName, -1)) : -1;
  }

  void start(std::uint8_t remote_id) {
    tune_tcp_socket(connection_.local_endpoint(), connection_.remote());
    transport_ = std::make_shared<ExtensionTransport>(feed_->loop, connection_, describe(connection_), remote_id);
    transport_->set_handler(feed_->acceptor->on_connected(transport_));
    if (++feed_->peers == 1) feed_->on_any_peer_changed(true);
  }

  void end(std::string_view reason) {
    if (!transport_ || ended_) return;
    ended_ = true;
    transport_->ended(reason);
    if (--feed_->peers == 0) feed_->on_any_peer_changed(false);
  }

  void drop(const lt::error_code& why) {
    connection_.disconnect(why, lt::operation_t::bittorrent, lt::disconnect_severity_t{2});
  }

  lt::peer_connection_handle connection_;
  std::shared_ptr<FeedConnections> feed_;
  std::shared_ptr<ExtensionTransport> transport_;
  int ticks_ = 0;
  bool ended_ = false;
};

class FeedExtension final : public lt::torrent_plugin {
 public:
  explicit FeedExtension(std::shared_ptr<FeedConnections> feed) : feed_(std::move(feed)) {}

  std::shared_ptr<lt::peer_plugin> new_connection(const lt::peer_connection_handle& connection) override {
    if (connection.type() != lt::connection_type::bittorrent) return {};
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
