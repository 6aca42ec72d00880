#pragma once

#include "swarm/swarm.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// Real sessions on loopback and what they bring: what the swarm's tests stand on.
namespace shoal::swarm::testing {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// Sanitizers and a busy machine are slow; nothing waits this long when all is well.
inline constexpr auto kPatience = 20s;

inline base::NullLogSink& silent_log() {
  static base::NullLogSink sink;
  return sink;
}

inline SwarmOptions loopback(std::vector<std::string> bootstrap = {}) {
  SwarmOptions options;
  options.listen = {"127.0.0.1:0"};
  options.private_network = true;
  options.dht = !bootstrap.empty();
  options.bootstrap = std::move(bootstrap);
  options.lsd = false;
  return options;
}

inline std::unique_ptr<Swarm> start(const SwarmOptions& options) {
  auto swarm = start_swarm(options, silent_log());
  if (!swarm) {
    ADD_FAILURE() << swarm.error().message;
    return nullptr;
  }
  return *std::move(swarm);
}

/// A swarm that others use as their way into the DHT.
inline std::unique_ptr<Swarm> start_bootstrap() {
  SwarmOptions options = loopback();
  options.dht = true;
  return start(options);
}

inline crypto::Digest feed_of(int number) {
  crypto::Digest digest;
  digest.bytes.fill(static_cast<std::uint8_t>(0x40 + number));
  return digest;
}

/// Keeps what one connection brings.
class Connection final : public replication::PeerTransportHandler {
 public:
  explicit Connection(std::shared_ptr<replication::PeerTransport> to) : transport(std::move(to)) {}

  void on_message(ByteView message) override {
    if (on_message_hook) on_message_hook(*this, message);
    const std::lock_guard lock(mutex_);
    ++count_;
    bytes_ += message.size();
    if (keep) messages_.emplace_back(message.begin(), message.end());
    if (closed_ > 0) ++after_close_;
    changed_.notify_all();
  }
  void on_writable() override {
    {
      const std::lock_guard lock(hook_mutex_);
      if (on_writable_hook_) on_writable_hook_();
    }
    const std::lock_guard lock(mutex_);
    ++writable_;
    if (closed_ > 0) ++after_close_;
    changed_.notify_all();
  }
  void on_closed(std::string_view reason) override {
    const std::lock_guard lock(mutex_);
    ++closed_;
    reason_ = std::string(reason);
    changed_.notify_all();
  }

  /// False when `done` did not come true in time.
  bool wait(const std::function<bool()>& done, SteadyClock::duration timeout = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, done);
  }
  bool wait_closed(SteadyClock::duration timeout = kPatience) {
    return wait([this] { return closed_ > 0; }, timeout);
  }
  bool wait_count(std::size_t count, SteadyClock::duration timeout = kPatience) {
    return wait([this, count] { return count_ >= count || closed_ > 0; }, timeout) && count_now() >= count;
  }
  std::size_t count_now() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  int closed_now() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  int calls_after_close() {
    const std::lock_guard lock(mutex_);
    return after_close_;
  }
  int writable_now() {
    const std::lock_guard lock(mutex_);
    return writable_;
  }
  std::vector<Bytes> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

  std::shared_ptr<replication::PeerTransport> transport;
  // Set before messages come (by the acceptor).
  bool keep = true;
  std::function<void(Connection&, ByteView)> on_message_hook;

  /// May be set at any time; once it returned the hook before runs no more.
  void set_on_writable(std::function<void()> hook) {
    const std::lock_guard lock(hook_mutex_);
    on_writable_hook_ = std::move(hook);
  }

 private:
  std::mutex hook_mutex_;
  std::function<void()> on_writable_hook_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  int writable_ = 0;
  int closed_ = 0;
  int after_close_ = 0;
  std::string reason_;
  std::vector<Bytes> messages_;
};

/// Takes all connections of one feed.
class Acceptor final : public replication::PeerAcceptor {
 public:
  using Setup = std::function<void(Connection&)>;
  explicit Acceptor(Setup setup = nullptr) : setup_(std::move(setup)) {}

  std::shared_ptr<replication::PeerTransportHandler> on_connected(
      std::shared_ptr<replication::PeerTransport> transport) override {
    // As a session does when the other side proved that it knows the feed.
    if (trusting) transport->trust_with_large_messages();
    auto connection = std::make_shared<Connection>(std::move(transport));
    if (setup_) setup_(*connection);
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    changed_.notify_all();
    return connection;
  }

  /// The connection number `index`, in the order they came; null when it does not come in time.
  std::shared_ptr<Connection> wait(std::size_t index = 0, SteadyClock::duration timeout = kPatience) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [&] { return connections_.size() > index; })) return nullptr;
    return connections_[index];
  }
  /// Set before the first connection.
  bool trusting = true;
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }
  /// Connections that are open.
  std::size_t open() {
    const std::lock_guard lock(mutex_);
    std::size_t open = 0;
    for (const auto& connection : connections_) open += connection->closed_now() == 0 ? 1U : 0U;
    return open;
  }

 private:
  Setup setup_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

/// Two swarms joined to one feed, connected by dialling.
struct Pair {
  explicit Pair(const Acceptor::Setup& setup = nullptr, const SwarmOptions& options = loopback())
      : left_acceptor(std::make_shared<Acceptor>(setup)), right_acceptor(std::make_shared<Acceptor>(setup)) {
    left_swarm = start(options);
    right_swarm = start(options);
    if (!left_swarm || !right_swarm) return;
    left_swarm->join(feed_of(1), left_acceptor);
    right_swarm->join(feed_of(1), right_acceptor);
    left_swarm->dial(feed_of(1), right_swarm->listening());
    left = left_acceptor->wait();
    right = right_acceptor->wait();
  }
  [[nodiscard]] bool connected() const { return left && right; }

  std::shared_ptr<Acceptor> left_acceptor;
  std::shared_ptr<Acceptor> right_acceptor;
  std::unique_ptr<Swarm> left_swarm;
  std::unique_ptr<Swarm> right_swarm;
  std::shared_ptr<Connection> left;
  std::shared_ptr<Connection> right;
};

inline double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

}  // namespace shoal::swarm::testing
