#pragma once

#include "replication/peers/peer_transport.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node::testing {

/// One end of a connection by hand: keeps what the session sends, and whether it was closed.
class HandTransport final : public replication::PeerTransport {
 public:
  explicit HandTransport(replication::PeerAddress address) : address_(std::move(address)) {}

  [[nodiscard]] const replication::PeerAddress& address() const override { return address_; }
  void send(ByteView message) override {
    note([&] { sent_.emplace_back(message.begin(), message.end()); });
  }
  [[nodiscard]] std::size_t queued() const override { return queued_; }
  /// This many bytes wait for the operating system.
  void set_queued(std::size_t bytes) { queued_ = bytes; }
  void close(std::string_view reason) override {
    note([&] { closed_.emplace_back(reason); });
  }
  /// The reason, once it was closed; nullopt when that does not come within the limit.
  std::optional<std::string> closed(std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [&] { return !closed_.empty(); })) return std::nullopt;
    return closed_.front();
  }
  [[nodiscard]] std::string last_reason() const {
    const std::lock_guard lock(mutex_);
    return closed_.empty() ? "" : closed_.back();
  }
  /// Messages that were sent.
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return sent_.size();
  }
  [[nodiscard]] std::size_t closes() const {
    const std::lock_guard lock(mutex_);
    return closed_.size();
  }
  /// The message of this number, once it was sent; empty when that does not come.
  Bytes message(std::size_t number) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return sent_.size() > number; }) ? sent_[number]
                                                                                                    : Bytes{};
  }

 private:
  void note(const std::function<void()>& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  replication::PeerAddress address_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::atomic<std::size_t> queued_ = 0;
  std::vector<Bytes> sent_;
  std::vector<std::string> closed_;
};

}  // namespace shoal::node::testing
