#include "swarm/libtorrent/extension_transport.h"

#include "base/assert.h"

#include <libtorrent/error_code.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_info.hpp>

#include <algorithm>

namespace shoal::swarm {
namespace {

constexpr char kExtendedMessage = 20;  // BEP 10
/// While the queue is longer than this, the sender is not notified that it shrinks.
constexpr std::size_t kLowWater = std::size_t{64} << 10;
/// libtorrent does not report that its send buffer drains, so it is polled while it is not empty: often while it
/// shrinks, rarely when the other side does not read.
constexpr std::chrono::microseconds kShortestLook{500};
constexpr std::chrono::microseconds kLongestLook{16000};

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
  if (ended_) return;
  {
    const std::lock_guard lock(mutex_);
    append_frame(pending_, remote_message_id_, message);
    pending_bytes_ = pending_.size();
    if (drain_posted_) return;
    drain_posted_ = true;
  }
  if (!loop_->post([self = shared_from_this()] { self->drain(); })) forget_queue();
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

void ExtensionTransport::note_standing(const replication::PeerStanding& standing) {
  loop_->post([self = shared_from_this(), standing] {
    if (!self->ended_ && self->on_standing_) self->on_standing_(standing);
  });
}

void ExtensionTransport::deliver(ByteView message) {
  if (!ended_ && handler_) handler_->on_message(message);
}

void ExtensionTransport::ended(std::string_view reason) {
  if (ended_) return;
  ended_ = true;
  queue_timer_.reset();
  forget_queue();
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
  if (ended_ || !connection_.native_handle()) return forget_queue();
  connection_.send_buffer(out.data(), static_cast<int>(out.size()));
  look_interval_ = kShortestLook;
  if (looking_) return;
  // The socket accepted what it could; libtorrent handles that in a posted task, so a task posted now sees the result.
  looking_ = loop_->post([self = shared_from_this()] { self->look_at_queue(); });
}

void ExtensionTransport::look_at_queue() {
  looking_ = false;
  if (ended_ || !connection_.native_handle()) return;
  lt::peer_info info;
  connection_.get_peer_info(info);
  const auto now = static_cast<std::size_t>(std::max(info.send_buffer_size, 0));
  const std::size_t before = library_bytes_.exchange(now);
  look_interval_ = now == before ? std::min(look_interval_ * 2, kLongestLook) : kShortestLook;
  if (now > 0) look_later();
  // Report each decrease: how much room the sender needs depends on its next message.
  if (now < before && now <= kLowWater && handler_) handler_->on_writable();
}

void ExtensionTransport::look_later() {
  boost::asio::io_context* const context = loop_->context();
  if (context == nullptr) return;
  if (!queue_timer_) queue_timer_.emplace(*context);
  looking_ = true;
  queue_timer_->expires_after(look_interval_);
  queue_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->look_at_queue();
  });
}

void ExtensionTransport::forget_queue() {
  const std::lock_guard lock(mutex_);
  pending_.clear();
  pending_bytes_ = 0;
  library_bytes_ = 0;
}

}  // namespace shoal::swarm
