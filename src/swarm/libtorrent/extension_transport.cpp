#include "swarm/libtorrent/extension_transport.h"

#include "base/assert.h"

#include <libtorrent/error_code.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_info.hpp>

#include <chrono>

namespace shoal::swarm {
namespace {

constexpr char kExtendedMessage = 20;  // BEP 10
/// Below this the sender is told to go on; above the double it holds back.
constexpr std::size_t kLowWater = std::size_t{64} << 10;
/// libtorrent tells nobody that its send buffer drained, so it is looked at while it is not empty.
constexpr std::chrono::microseconds kQueueWatchInterval{500};

void append_frame(std::vector<char>& out, std::uint8_t message_id, ByteView body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 2);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift & 0xff));
  out.push_back(kExtendedMessage);
  out.push_back(static_cast<char>(message_id));
  out.insert(out.end(), body.begin(), body.end());
}

}  // namespace

ExtensionTransport::ExtensionTransport(std::shared_ptr<NetworkLoop> loop, lt::peer_connection_handle connection,
                                       replication::PeerAddress address, std::uint8_t remote_message_id)
    : loop_(std::move(loop)),
      connection_(std::move(connection)),
      address_(std::move(address)),
      remote_message_id_(remote_message_id) {}

void ExtensionTransport::send(ByteView message) {
  SHOAL_ASSERT(message.size() <= replication::kMaxMessageSize);
  {
    const std::lock_guard lock(mutex_);
    append_frame(pending_, remote_message_id_, message);
    pending_bytes_ = pending_.size();
    if (drain_posted_) return;
    drain_posted_ = true;
  }
  loop_->post([self = shared_from_this()] { self->drain(); });
}

std::size_t ExtensionTransport::queued() const { return pending_bytes_ + library_bytes_; }

void ExtensionTransport::close(std::string_view reason) {
  loop_->post([self = shared_from_this(), why = std::string(reason)] {
    if (self->ended_ || !self->connection_.native_handle()) return;
    self->connection_.disconnect(lt::error_code(boost::asio::error::connection_aborted), lt::operation_t::bittorrent,
                                 lt::disconnect_severity_t{2});
    self->ended(why);
  });
}

void ExtensionTransport::deliver(ByteView message) {
  if (!ended_ && handler_) handler_->on_message(message);
}

void ExtensionTransport::ended(std::string_view reason) {
  if (ended_) return;
  ended_ = true;
  queue_timer_.reset();
  if (handler_) handler_->on_closed(reason);
  handler_.reset();
}

void ExtensionTransport::drain() {
  std::vector<char> out;
  {
    const std::lock_guard lock(mutex_);
    out.swap(pending_);
    drain_posted_ = false;
    pending_bytes_ = 0;
    library_bytes_ += out.size();
  }
  if (ended_ || !connection_.native_handle()) return;
  connection_.send_buffer(out.data(), static_cast<int>(out.size()));
  watch_queue();
}

void ExtensionTransport::watch_queue() {
  if (watching_ || ended_) return;
  if (!queue_timer_) queue_timer_.emplace(loop_->context());
  watching_ = true;
  queue_timer_->expires_after(kQueueWatchInterval);
  queue_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error || self->ended_) return;
    self->watching_ = false;
    if (!self->connection_.native_handle()) return;
    lt::peer_info info;
    self->connection_.get_peer_info(info);
    const auto now = static_cast<std::size_t>(std::max(info.send_buffer_size, 0));
    const std::size_t before = self->library_bytes_.exchange(now);
    if (now > 0) self->watch_queue();
    if (before > kLowWater && now <= kLowWater && self->handler_) self->handler_->on_writable();
  });
}

}  // namespace shoal::swarm
