#include "replication/session/feed_channel.h"

namespace shoal::replication {

bool SendGauge::add(std::size_t size) {
  pending += size;
  return !memory || memory->charge(size) != PeerMemory::Verdict::peer_over;
}

void SendGauge::remove(std::size_t size) {
  pending -= size;
  if (memory) memory->release(size);
}

void FeedChannel::add(const PeerAddress& address, const PublicKey& node_key) {
  context_.feed_executor->post([self = shared_from_this(), address, node_key] {
    if (self->context_.further && !self->context_.replicator->has_room()) {
      return self->send(Message{.body = Close{"the feed has too many peers"}});
    }
    self->present_ = true;
    std::shared_ptr<Outbox> outbox = self;
    if (self->context_.wrap) outbox = self->context_.wrap(std::move(outbox));
    self->peer_ = self->context_.replicator->add_peer(address, node_key, std::move(outbox));
  });
}

bool FeedChannel::deliver(Message message) {
  const std::size_t size = message.wire_size;
  const std::shared_ptr<PeerMemory::Account>& memory = context_.gauge->memory;
  const bool over = inbound_.fetch_add(size) + size > kMaxInbound;
  if (over || (memory && memory->charge(size) == PeerMemory::Verdict::peer_over)) return false;
  context_.feed_executor->post([self = shared_from_this(), size, message = std::move(message)]() mutable {
    self->inbound_ -= size;
    if (self->context_.gauge->memory) self->context_.gauge->memory->release(size);
    if (self->present_) self->context_.replicator->on_message(self->peer_, std::move(message));
  });
  return true;
}

void FeedChannel::writable() {
  context_.feed_executor->post([self = shared_from_this()] {
    if (self->present_) self->context_.replicator->on_writable(self->peer_);
  });
}

void FeedChannel::violation(std::string what) {
  context_.feed_executor->post([self = shared_from_this(), what = std::move(what)] {
    if (self->present_) self->context_.replicator->on_violation(self->peer_, what);
  });
}

void FeedChannel::flood(std::string what) {
  context_.feed_executor->post([self = shared_from_this(), what = std::move(what)] {
    if (self->present_) self->context_.replicator->on_flood(self->peer_, what);
  });
}

void FeedChannel::remove() {
  context_.feed_executor->post([self = shared_from_this()] {
    if (std::exchange(self->present_, false)) self->context_.replicator->remove_peer(self->peer_);
  });
}

void FeedChannel::send(Message message) {
  message.wire_size = encoded_size(message.body);
  if (!context_.gauge->add(message.wire_size)) close("does not read what it is sent");
  const bool bulk = message.bulk;
  auto hand_over = [self = shared_from_this(), message = std::move(message)]() mutable {
    self->context_.to_session(std::move(message));
  };
  // An urgent message is encrypted at once, without a change of thread; bulk is encrypted in parallel with the feed's
  // work.
  bulk ? context_.session_executor->post(std::move(hand_over))
       : context_.session_executor->dispatch(std::move(hand_over));
}

std::size_t FeedChannel::queued() const { return context_.gauge->pending + context_.gauge->transport; }

void FeedChannel::note_given(std::uint64_t blocks) {
  context_.session_executor->post([self = shared_from_this(), blocks] {
    if (self->context_.note_given) self->context_.note_given(blocks);
  });
}

bool FeedChannel::keep(std::size_t bytes) {
  const std::shared_ptr<PeerMemory::Account>& memory = context_.gauge->memory;
  return !memory || memory->keep(bytes);
}

void FeedChannel::drop(std::size_t bytes) {
  if (context_.gauge->memory) context_.gauge->memory->drop(bytes);
}

void FeedChannel::close(std::string_view reason) {
  context_.session_executor->post(
      [self = shared_from_this(), reason = std::string(reason)] { self->context_.close_session(reason); });
}

}  // namespace shoal::replication
