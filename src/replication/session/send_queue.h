#pragma once

#include "replication/peers/peer_transport.h"
#include "replication/session/feed_channel.h"
#include "replication/session/send_watch.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace shoal::replication {

/// What waits to be sent over one session: urgent messages pass bulk ones, and the transport never holds so much that
/// they would wait behind it there. Confined to the session's executor.
class SendQueue {
 public:
  /// Appends the record of a message.
  using Seal = std::function<void(const Message& message, Bytes& record)>;

  SendQueue(std::shared_ptr<PeerTransport> transport, std::shared_ptr<SendGauge> gauge)
      : transport_(std::move(transport)), gauge_(std::move(gauge)) {}

  /// False when more waits for the peer than may: the session must end.
  [[nodiscard]] bool push(Message message);
  /// Hands on what the transport has room for.
  void flush(const Seal& seal);
  void clear();

  /// Nothing waits here or in the transport.
  [[nodiscard]] bool idle() const { return waiting() == 0; }
  /// The peer takes next to nothing of what waits; see SendWatch.
  [[nodiscard]] bool stalled(base::MonoTime now);

 private:
  [[nodiscard]] std::size_t waiting() const { return gauge_->pending + transport_->queued(); }

  std::shared_ptr<PeerTransport> transport_;
  std::shared_ptr<SendGauge> gauge_;
  std::deque<Message> urgent_;
  std::deque<Message> bulk_;
  Bytes record_;              // reused between messages
  std::uint64_t handed_ = 0;  ///< bytes that the transport was given
  SendWatch watch_;
};

}  // namespace shoal::replication
