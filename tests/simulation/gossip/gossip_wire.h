#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "simulation/gossip/event_queue.h"
#include "simulation/trace.h"

/// The modelled transport of gossip-100k: what the live tail's decisions say to each other, as small events on one
/// queue. No sessions, no crypto, no stores, no bandwidth; latency, messages that come late and messages that are lost.
namespace shoal::simulation::gossip {

struct WireOptions {
  base::MonoTime latency_min = std::chrono::milliseconds(5);  ///< one way, uniform between the two, fixed for a pair
  base::MonoTime latency_max = std::chrono::milliseconds(80);
  double jitter = 0.1;
  double late = 0.01;    ///< messages that come a retransmission later
  double lost = 0.0005;  ///< messages that never come
};

class Wire {
 public:
  Wire(const WireOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  [[nodiscard]] base::MonoTime now() const { return now_; }
  [[nodiscard]] base::Random& random() { return random_; }
  [[nodiscard]] base::MonoTime latency(Node a, Node b) const {
    base::SeededRandom pair((std::uint64_t{std::min(a, b)} << 32) + std::max(a, b));
    const auto span = static_cast<std::uint64_t>((options_.latency_max - options_.latency_min).count()) + 1;
    return options_.latency_min + base::MonoTime(static_cast<std::int64_t>(pair.below(span)));
  }
  /// `last`: when the connection's former message arrives; order is kept within a connection.
  void send(Event event, base::MonoTime latency, base::MonoTime& last) {
    const double chance = next_chance();
    if (chance < options_.lost) return;
    base::MonoTime travel = scaled(latency, 1 + options_.jitter * next_chance());
    if (chance < options_.lost + options_.late) travel += kRetransmission + 2 * latency;
    last = std::max(last, now_ + travel);
    post(event, last);
  }
  void post(Event event, base::MonoTime at) {
    event.at = at;
    event.order = ++order_;
    queue_.push(event);
  }
  /// The next event up to `limit`; false when there is none, then it is `limit`.
  bool next(base::MonoTime limit, Event& out) {
    if (!queue_.pop(limit, out)) {
      now_ = std::max(now_, limit);
      return false;
    }
    now_ = out.at;
    trace_.add(static_cast<std::uint64_t>(out.at.count()) ^ (std::uint64_t{out.to} << 40) ^ out.value);
    ++events_;
    return true;
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_.value(); }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  /// What TCP waits before it sends again what was lost.
  static constexpr base::MonoTime kRetransmission = std::chrono::milliseconds(200);
  [[nodiscard]] static base::MonoTime scaled(base::MonoTime time, double by) {
    return base::MonoTime(static_cast<std::int64_t>(static_cast<double>(time.count()) * by));
  }
  [[nodiscard]] double next_chance() { return static_cast<double>(random_.next() >> 11) / 9007199254740992.0; }

  WireOptions options_;
  base::SeededRandom random_;
  base::MonoTime now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  Trace trace_;
  EventQueue queue_{now_};
};

}  // namespace shoal::simulation::gossip
