#pragma once

#include "replication/peers/peer_transport.h"
#include "simulation/virtual_time.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

/// Connections inside one process with latency, bandwidth and cuts, on virtual time.
namespace shoal::simulation {

struct LinkOptions {
  base::MonoTime latency = std::chrono::milliseconds(5);
  double bytes_per_second = 1e9;
};

/// One direction-pair of a connection as one side sees it.
class MemoryTransport final : public replication::PeerTransport, public std::enable_shared_from_this<MemoryTransport> {
 public:
  MemoryTransport(VirtualTime& time, LinkOptions link, replication::PeerAddress address)
      : time_(time), link_(link), address_(std::move(address)) {}

  static void join(const std::shared_ptr<MemoryTransport>& a, const std::shared_ptr<MemoryTransport>& b) {
    a->other_ = b;
    b->other_ = a;
  }
  void attach(std::shared_ptr<replication::PeerTransportHandler> handler) { handler_ = std::move(handler); }

  /// Sees and may change what this side sends; returning false drops it.
  std::function<bool(Bytes&)> tap;

  [[nodiscard]] const replication::PeerAddress& address() const override { return address_; }
  [[nodiscard]] std::size_t queued() const override { return queued_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] bool open() const { return open_; }

  void send(ByteView message) override {
    if (!open_) return;
    Bytes copy(message.begin(), message.end());
    if (tap && !tap(copy)) return;
    queued_ += message.size();
    peak_ = std::max(peak_, queued_);
    bytes_sent_ += message.size();
    enqueue({std::move(copy), false});
  }
  void close(std::string_view reason) override { shut(std::string(reason), true); }

  /// From now on this side's bytes leave at this rate, what is left of the message on the line too.
  void throttle(double bytes_per_second) {
    const base::MonoTime whole = waiting_.empty() ? base::MonoTime{0} : time_on_line(waiting_.front());
    link_.bytes_per_second = bytes_per_second;
    if (whole.count() == 0) return;
    time_.cancel(leaving_);
    const auto gone = static_cast<double>((time_.mono_now() - began_).count());
    begin(std::clamp(1 - gone / static_cast<double>(whole.count()), 0.0, 1.0));
  }

  /// Nothing more passes in either direction, and no end is notified: a cable pulled out.
  void cut() {
    silent_ = true;
    if (auto there = other_.lock()) there->silent_ = true;
  }

 private:
  void arrive(const Bytes& message) {
    if (open_ && !silent_ && handler_) handler_->on_message(message);
  }
  void left(std::size_t size) {
    const bool was_above = queued_ > peak_ / 2;
    queued_ -= std::min(size, queued_);
    if (!open_ || silent_ || !was_above || queued_ > peak_ / 2) return;
    peak_ = queued_;
    if (handler_) handler_->on_writable();
  }
  void shut(const std::string& reason, bool tell_other) {
    if (!open_) return;
    open_ = false;
    time_.schedule(base::MonoTime{0}, [self = shared_from_this(), reason] {
      if (auto handler = std::exchange(self->handler_, nullptr)) handler->on_closed(reason);
    });
    // The end comes behind what was sent before.
    if (tell_other && !silent_) enqueue({{}, true});
  }

  struct Item {
    Bytes message;
    bool end = false;
  };
  [[nodiscard]] base::MonoTime time_on_line(const Item& item) const {
    return base::MonoTime(
        static_cast<std::int64_t>(static_cast<double>(item.message.size()) * 1e9 / link_.bytes_per_second));
  }
  void enqueue(Item item) {
    waiting_.push_back(std::move(item));
    if (waiting_.size() == 1) begin(1);
  }
  /// Puts the first that waits on the line; `left` of it is still to go.
  void begin(double left) {
    const base::MonoTime whole = time_on_line(waiting_.front());
    const auto rest = base::MonoTime(static_cast<std::int64_t>(static_cast<double>(whole.count()) * left));
    began_ = time_.mono_now() - (whole - rest);
    leaving_ = time_.schedule(rest, [self = shared_from_this()] { self->off_the_line(); });
  }
  void off_the_line() {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    if (!waiting_.empty()) begin(1);
    left(item.message.size());
    time_.schedule(link_.latency, [other = other_, item = std::move(item)] {
      const auto there = other.lock();
      if (there && item.end) there->shut("closed by the other side", false);
      if (there && !item.end) there->arrive(item.message);
    });
  }

  VirtualTime& time_;
  LinkOptions link_;
  replication::PeerAddress address_;
  std::weak_ptr<MemoryTransport> other_;
  std::shared_ptr<replication::PeerTransportHandler> handler_;
  std::deque<Item> waiting_;  ///< the first is on the line
  base::MonoTime began_{0};   ///< when the first would have begun at the present rate
  std::uint64_t leaving_ = 0;
  std::size_t queued_ = 0;
  std::size_t peak_ = 0;
  std::uint64_t bytes_sent_ = 0;
  bool open_ = true;
  bool silent_ = false;
};

/// Both ends of a fresh connection; the first one dialled.
struct Connection {
  std::shared_ptr<MemoryTransport> dialler;
  std::shared_ptr<MemoryTransport> listener;
};

inline Connection make_connection(VirtualTime& time, LinkOptions link, const std::string& from, const std::string& to) {
  Connection out;
  out.dialler = std::make_shared<MemoryTransport>(time, link, replication::PeerAddress{to, "memory", true});
  out.listener = std::make_shared<MemoryTransport>(time, link, replication::PeerAddress{from, "memory", false});
  MemoryTransport::join(out.dialler, out.listener);
  return out;
}

}  // namespace shoal::simulation
