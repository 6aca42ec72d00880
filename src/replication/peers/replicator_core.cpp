#include "replication/peers/replicator_core.h"

#include <algorithm>
#include <utility>

namespace shoal::replication {
namespace {

constexpr double kPortionSeconds = 0.5;
/// Before a peer's rate is known.
constexpr std::uint64_t kFirstPortionBytes = std::uint64_t{256} << 10;

}  // namespace

bool Peer::may_give(std::uint64_t block) const {
  if (lacking.contains(block)) return false;
  return (have.complete && block < head_size()) || held.contains(block);
}

bool Peer::may_give(const TopicPartition& stream) const {
  if (have.complete) return true;
  return std::any_of(have.streams.begin(), have.streams.end(), [&](const TopicPartition& one) {
    return one.topic == stream.topic && (one.partition == kAllPartitions || one.partition == stream.partition);
  });
}

double Peer::counted_rate(base::MonoTime now) const { return stalls > 0 ? 0 : path.expected_rate(now); }

std::uint64_t Peer::portion_bytes(base::MonoTime now) const {
  if (stalls > 0) return kMinPortionBytes;
  if (path.best_rate() <= 0) return kFirstPortionBytes;
  return std::clamp(static_cast<std::uint64_t>(path.expected_rate(now) * kPortionSeconds), kMinPortionBytes,
                    kMaxPortionBytes);
}

PeerView Peer::view_at(base::MonoTime now) const {
  PeerView shown = view;
  shown.rate_in = in_rate.per_second(now);
  shown.rate_out = out_rate.per_second(now);
  shown.complete = have.complete;
  if (!have.ranges.empty()) {
    shown.held = have.ranges.front();
    for (const feed::BlockRange& range : have.ranges) {
      shown.held = {std::min(shown.held.begin, range.begin), std::max(shown.held.end, range.end)};
    }
    // Its heads say how far the last run of a complete holder grew.
    if (have.complete) shown.held.end = std::max(shown.held.end, BlockIndex(head_size()));
  }
  return shown;
}

std::uint64_t ReplicatorCore::fresh_id() {
  std::uint64_t id = 0;
  while (id == 0) id = context_.random->next();
  return id;
}

Peer* ReplicatorCore::find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() || found->second->gone ? nullptr : found->second.get();
}

Epoch ReplicatorCore::epoch() const {
  const std::optional<feed::Checkpoint> ours = reader().head();
  return ours ? ours->epoch : Epoch{0};
}

bool ReplicatorCore::may_ask(const Peer& peer) const {
  if (reader().contradicted() || (peer.view.head && peer.view.head->epoch != epoch())) return false;
  return !peer.disputed && (peer.fork_side == ForkSide::same || !reader().fork_limit());
}

void ReplicatorCore::send(Peer& peer, Body body, bool bulk) {
  if (peer.gone) return;
  Message message{.body = std::move(body), .bulk = bulk};
  message.wire_size = encoded_size(message.body);
  peer.view.bytes_out += message.wire_size;
  peer.out_rate.add(message.wire_size, now());
  peer.outbox->send(std::move(message));
}

void ReplicatorCore::ping(Peer& peer) {
  if (peer.ping_nonce != 0) return;
  peer.ping_nonce = fresh_id();
  peer.ping_sent = now();
  send(peer, Ping{peer.ping_nonce});
}

void ReplicatorCore::blame(Peer& peer, std::string_view what) {
  if (peer.gone) return;
  peer.gone = true;
  log(base::LogLevel::warning, "peer " + peer.view.node_key.hex().substr(0, 16) + " at " + peer.view.address.host_port +
                                   " is refused: " + std::string(what));
  tell([view = peer.view, what = std::string(what)](ReplicatorEvents& events) { events.on_peer_blamed(view, what); });
  peer.outbox->close(what);
}

void ReplicatorCore::flood(Peer& peer, std::string_view what) {
  if (peer.gone) return;
  peer.gone = true;
  log(base::LogLevel::info, "peer " + peer.view.node_key.hex().substr(0, 16) + " at " + peer.view.address.host_port +
                                " is disconnected: " + std::string(what));
  tell([view = peer.view, what = std::string(what)](ReplicatorEvents& events) { events.on_peer_flooded(view, what); });
  peer.outbox->close(what);
}

void ReplicatorCore::refused(Peer& peer, const Error& error, std::string_view what) {
  const std::string text = std::string(what) + ": " + error.message;
  if (error.code == Code::unverified) return blame(peer, text);
  if (error.code == Code::contradiction) {  // FeedMirror wrote it to the log
    if (!std::exchange(contradiction_told_, true)) tell([](ReplicatorEvents& events) { events.on_contradiction(); });
    return;
  }
  if (!StoreGate::is_ours(error.code) || store_.failed(error, now())) log(base::LogLevel::error, text);
}

void ReplicatorCore::log(base::LogLevel level, std::string_view message) const {
  if (context_.log != nullptr) context_.log->log(level, "replication", message);
}

void ReplicatorCore::later(std::function<void()> call) {
  context_.executor->post([alive = std::weak_ptr<bool>(alive_), call = std::move(call)] {
    if (!alive.expired()) call();
  });
}

base::Executor::TimerId ReplicatorCore::after(base::MonoTime delay, std::function<void()> call) {
  return context_.executor->post_after(delay, [alive = std::weak_ptr<bool>(alive_), call = std::move(call)] {
    if (!alive.expired()) call();
  });
}

void ReplicatorCore::tell(std::function<void(ReplicatorEvents&)> event) {
  if (context_.events == nullptr) return;
  later([events = context_.events, event = std::move(event)] { event(*events); });
}

}  // namespace shoal::replication
