#pragma once

#include "replication/peer_transport.h"
#include "simulation/virtual_time.h"

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
    const auto took =
        base::MonoTime(static_cast<std::int64_t>(static_cast<double>(message.size()) * 1e9 / link_.bytes_per_second));
    free_at_ = std::max(free_at_, time_.mono_now()) + took;
    time_.schedule(free_at_ - time_.mono_now(),
                   [self = shared_from_this(), size = message.size()] { self->left(size); });
    time_.schedule(free_at_ - time_.mono_now() + link_.latency, [other = other_, copy = std::move(copy)] {
      if (auto there = other.lock()) there->arrive(copy);
    });
  }
  void close(std::string_view reason) override { shut(std::string(reason), true); }

  /// Nothing more passes in either direction, and nobody is told: a cable pulled out.
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
    if (!tell_other || silent_) return;
    const base::MonoTime behind = std::max(free_at_, time_.mono_now()) - time_.mono_now();
    time_.schedule(behind + link_.latency, [other = other_] {
      if (auto there = other.lock()) there->shut("closed by the other side", false);
    });
  }

  VirtualTime& time_;
  LinkOptions link_;
  replication::PeerAddress address_;
  std::weak_ptr<MemoryTransport> other_;
  std::shared_ptr<replication::PeerTransportHandler> handler_;
  base::MonoTime free_at_{0};
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
