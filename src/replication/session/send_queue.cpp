#include "replication/session/send_queue.h"

namespace shoal::replication {
namespace {

/// Most bytes in the transport. A larger message is passed on only when the transport is empty.
constexpr std::size_t kTransportLimit = std::size_t{128} << 10;

}  // namespace

bool SendQueue::push(Message message) {
  if (!gauge_->add(message.wire_size)) return false;
  (message.bulk ? bulk_ : urgent_).push_back(std::move(message));
  return true;
}

void SendQueue::flush(const Seal& seal) {
  while (!urgent_.empty() || !bulk_.empty()) {
    std::deque<Message>& queue = urgent_.empty() ? bulk_ : urgent_;
    const std::size_t size = queue.front().wire_size;
    const std::size_t held = transport_->queued();
    if (held > 0 && held + size > kTransportLimit) break;
    const Message message = std::move(queue.front());
    queue.pop_front();
    gauge_->remove(size);
    record_.clear();
    seal(message, record_);
    handed_ += record_.size();
    transport_->send(record_);
  }
  gauge_->transport = transport_->queued();
}

void SendQueue::clear() {
  urgent_.clear();
  bulk_.clear();
}

bool SendQueue::stalled(base::MonoTime now) {
  const std::uint64_t queued = transport_->queued();
  return watch_.stalled(waiting(), handed_ - std::min(handed_, queued), now);
}

}  // namespace shoal::replication
