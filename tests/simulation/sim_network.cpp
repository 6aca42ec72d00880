#include "simulation/sim_network.h"

#include <algorithm>

namespace shoal::simulation {
namespace {

/// What TCP waits before it sends again what was lost.
constexpr base::MonoTime kRetransmission = std::chrono::milliseconds(200);

base::MonoTime transfer_time(std::size_t size, double rate) {
  return base::MonoTime(static_cast<std::int64_t>(static_cast<double>(size) * 1e9 / rate));
}

}  // namespace

SimTransport::SimTransport(SimNetwork& network, NodeIndex from, NodeIndex to, base::MonoTime latency, bool outgoing)
    : network_(network),
      from_(from),
      to_(to),
      latency_(latency),
      address_{"10.0.0." + std::to_string(to) + ":1", "memory", outgoing} {}

void SimTransport::send(ByteView message) {
  if (!open_) return;
  VirtualTime& time = network_.time_;
  HostLine& line = network_.lines_[from_];
  queued_ += message.size();
  peak_ = std::max(peak_, queued_);
  network_.largest_queue_ = std::max(network_.largest_queue_, queued_);
  line.up_free = std::max(line.up_free, time.mono_now()) + transfer_time(message.size(), line.up);
  time.schedule(line.up_free - time.mono_now(), [weak = weak_from_this(), size = message.size()] {
    if (auto self = weak.lock()) self->left(size);
  });
  base::MonoTime travel =
      latency_ + base::MonoTime(static_cast<std::int64_t>(static_cast<double>(latency_.count()) *
                                                          network_.options_.jitter * network_.chance()));
  if (network_.chance() < network_.options_.loss) travel += kRetransmission + 2 * latency_;
  last_arrival_ = std::max(last_arrival_, line.up_free + travel);
  const auto there = other_.lock();
  if (!there) return;
  there->on_the_way_.emplace_back(message.begin(), message.end());
  time.schedule(last_arrival_ - time.mono_now(), [weak = other_, size = message.size()] {
    if (auto other = weak.lock()) other->reach(size);
  });
}

/// A message arrived at the host's line: now its download rate counts.
void SimTransport::reach(std::size_t size) {
  VirtualTime& time = network_.time_;
  HostLine& line = network_.lines_[from_];
  line.down_free = std::max(line.down_free, time.mono_now()) + transfer_time(size, line.down);
  last_delivery_ = std::max(last_delivery_, line.down_free);
  time.schedule(last_delivery_ - time.mono_now(), again(&SimTransport::deliver));
}

void SimTransport::deliver() {
  if (on_the_way_.empty()) return;
  // Cut off: it is sent again until it arrives.
  if (!network_.reachable(from_, to_)) {
    network_.time_.schedule(2 * kRetransmission, again(&SimTransport::deliver));
    return;
  }
  const Bytes message = std::move(on_the_way_.front());
  on_the_way_.pop_front();
  if (const auto handler = handler_; open_ && handler) handler->on_message(message);
}

void SimTransport::left(std::size_t size) {
  const auto there = other_.lock();
  if (!there || !there->open_) return;  // nobody takes it: it stays with us, as in a socket's buffer
  if (!network_.reachable(from_, to_)) {
    network_.time_.schedule(2 * kRetransmission, [weak = weak_from_this(), size] {
      if (auto self = weak.lock()) self->left(size);
    });
    return;
  }
  const bool was_above = queued_ > peak_ / 2;
  queued_ -= std::min(size, queued_);
  if (!open_ || !was_above || queued_ > peak_ / 2) return;
  peak_ = queued_;
  if (const auto handler = handler_) handler->on_writable();
}

VirtualTime::Event SimTransport::again(void (SimTransport::*step)()) {
  return [weak = weak_from_this(), step] {
    if (auto self = weak.lock()) (self.get()->*step)();
  };
}

void SimTransport::die() {
  open_ = false;
  handler_.reset();
  other_.reset();
}

void SimTransport::shut(const std::string& reason, bool tell_other) {
  if (!std::exchange(open_, false)) return;
  VirtualTime& time = network_.time_;
  time.schedule(base::MonoTime{0}, [self = shared_from_this(), reason] {
    if (auto handler = std::exchange(self->handler_, nullptr)) handler->on_closed(reason);
  });
  if (!tell_other || !network_.reachable(from_, to_)) return;
  const base::MonoTime behind = std::max(last_arrival_, time.mono_now() + latency_) - time.mono_now();
  time.schedule(behind, [weak = other_] {
    if (auto other = weak.lock()) other->shut("closed by the other side", false);
  });
}

base::MonoTime SimNetwork::latency(NodeIndex a, NodeIndex b) const {
  base::SeededRandom pair(std::min(a, b) * 1'000'003 + std::max(a, b));
  const auto span = static_cast<std::uint64_t>((options_.latency_max - options_.latency_min).count()) + 1;
  return options_.latency_min + base::MonoTime(static_cast<std::int64_t>(pair.below(span)));
}

std::pair<std::shared_ptr<SimTransport>, std::shared_ptr<SimTransport>> SimNetwork::connect(NodeIndex from,
                                                                                            NodeIndex to) {
  const base::MonoTime way = latency(from, to);
  auto dialler = std::make_shared<SimTransport>(*this, from, to, way, true);
  auto listener = std::make_shared<SimTransport>(*this, to, from, way, false);
  dialler->other_ = listener;
  listener->other_ = dialler;
  return {dialler, listener};
}

}  // namespace shoal::simulation
