#include "replication/feed_link.h"

namespace shoal::replication {

void FeedLink::add(const PeerAddress& address, const PublicKey& node_key) {
  parts_.feed_executor->post([self = shared_from_this(), address, node_key] {
    self->present_ = true;
    std::shared_ptr<Replicator::Outbox> outbox = self;
    if (self->parts_.wrap) outbox = self->parts_.wrap(std::move(outbox));
    self->peer_ = self->parts_.replicator->add_peer(address, node_key, std::move(outbox));
  });
}

bool FeedLink::deliver(Message message) {
  const std::size_t size = message.wire_size;
  if (inbound_.fetch_add(size) + size > kMaxInbound) return false;
  parts_.feed_executor->post([self = shared_from_this(), size, message = std::move(message)]() mutable {
    self->inbound_ -= size;
    if (self->present_) self->parts_.replicator->on_message(self->peer_, std::move(message));
  });
  return true;
}

void FeedLink::writable() {
  parts_.feed_executor->post([self = shared_from_this()] {
    if (self->present_) self->parts_.replicator->on_writable(self->peer_);
  });
}

void FeedLink::violation(std::string what) {
  parts_.feed_executor->post([self = shared_from_this(), what = std::move(what)] {
    if (self->present_) self->parts_.replicator->on_violation(self->peer_, what);
  });
}

void FeedLink::remove() {
  parts_.feed_executor->post([self = shared_from_this()] {
    if (std::exchange(self->present_, false)) self->parts_.replicator->remove_peer(self->peer_);
  });
}

void FeedLink::send(Message message) {
  message.wire_size = encoded_size(message.body);
  parts_.gauge->pending += message.wire_size;
  parts_.session_executor->post([self = shared_from_this(), message = std::move(message)]() mutable {
    self->parts_.to_session(std::move(message));
  });
}

std::size_t FeedLink::queued() const { return parts_.gauge->pending + parts_.gauge->transport; }

void FeedLink::close(std::string_view reason) {
  parts_.session_executor->post(
      [self = shared_from_this(), reason = std::string(reason)] { self->parts_.close_session(reason); });
}

}  // namespace shoal::replication
