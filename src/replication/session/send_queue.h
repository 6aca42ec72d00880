#pragma once

#include "replication/peers/peer_transport.h"
#include "replication/session/feed_channel.h"
#include "replication/session/send_watch.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace shoal::replication {

/// The messages that wait to be sent over one session, in two priorities: urgent ones (heads, wants, pushes) overtake
/// bulk (blocks that were asked for). The transport is a FIFO, so it is given at most kTransportLimit bytes: what is in
/// it cannot be overtaken any more. Without this a new head waits behind up to a megabyte of old blocks, on a slow line
/// for seconds. The same idea as the kernel's TCP_NOTSENT_LOWAT, one level up. Confined to the session's executor.
class SendQueue {
 public:
  /// Encrypts a message and appends its record.
  using Seal = std::function<void(const Message& message, Bytes& record)>;

  SendQueue(std::shared_ptr<PeerTransport> transport, std::shared_ptr<SendGauge> gauge)
      : transport_(std::move(transport)), gauge_(std::move(gauge)) {}

  /// False when the peer's memory bound is exceeded: the session must end.
  [[nodiscard]] bool push(Message message);
  /// Passes messages to the transport while it has room.
  void flush(const Seal& seal);
  void clear();

  /// True when nothing waits here or in the transport.
  [[nodiscard]] bool idle() const { return waiting() == 0; }
  /// True when the peer reads too slowly; see SendWatch.
  [[nodiscard]] bool stalled(base::MonoTime now);

 private:
  [[nodiscard]] std::size_t waiting() const { return gauge_->pending + transport_->queued(); }

  std::shared_ptr<PeerTransport> transport_;
  std::shared_ptr<SendGauge> gauge_;
  std::deque<Message> urgent_;
  std::deque<Message> bulk_;
  Bytes record_;              // reused between messages
  std::uint64_t handed_ = 0;  ///< bytes that were passed to the transport
  SendWatch watch_;
};

}  // namespace shoal::replication
