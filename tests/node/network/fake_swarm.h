#pragma once

#include "swarm/swarm.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node::testing {

/// A swarm without a network: keeps what it is asked for. Thread-safe.
class FakeSwarm final : public swarm::Swarm {
 public:
  struct Recall {
    crypto::Digest key;
    std::vector<std::string> addresses;
  };
  struct Put {
    PublicKey key;
    ItemChoice choose;
  };
  struct Dial {
    crypto::Digest key;
    std::string address;
    std::optional<PublicKey> pinned;
  };
  struct Calls {
    std::vector<crypto::Digest> joins;
    std::vector<crypto::Digest> leaves;
    std::vector<Dial> dials;
    std::vector<Recall> recalls;
    std::vector<crypto::Digest> needs;
    std::vector<Put> puts;
    std::vector<PublicKey> gets;
  };

  [[nodiscard]] Calls calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  /// Waits until the calls are as wanted; false when they are not in time.
  bool wait(const std::function<bool(const Calls&)>& wanted,
            std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return wanted(calls_); });
  }
  /// False when another put or get comes within this time, which is longer than Discovery's tick.
  [[nodiscard]] bool stays_quiet(std::chrono::milliseconds time = std::chrono::milliseconds(800)) const {
    std::unique_lock lock(mutex_);
    const auto count = [&] { return calls_.puts.size() + calls_.gets.size(); };
    const std::size_t before = count();
    return !changed_.wait_for(lock, time, [&] { return count() != before; });
  }
  /// An answer of the DHT.
  void give(const PublicKey& key, const swarm::DhtItem& item) const { item_handler_(key, item); }

  using replication::PeerLocator::dial;
  void join(const crypto::Digest& key, std::shared_ptr<replication::PeerAcceptor>) override {
    note([&] { calls_.joins.push_back(key); });
  }
  void leave(const crypto::Digest& key) override {
    note([&] { calls_.leaves.push_back(key); });
  }
  void dial(const crypto::Digest& key, std::string_view address, const std::optional<PublicKey>& pinned) override {
    note([&] { calls_.dials.push_back({key, std::string(address), pinned}); });
  }
  void need_peers(const crypto::Digest& key) override {
    note([&] { calls_.needs.push_back(key); });
  }
  void note_offence(std::string_view) override {}
  [[nodiscard]] std::string listening() const override { return "127.0.0.1:1"; }
  [[nodiscard]] std::size_t dht_nodes() const override { return 0; }
  [[nodiscard]] swarm::NetworkStatus status() const override { return {}; }
  void recall(const crypto::Digest& key, const std::vector<std::string>& addresses) override {
    note([&] { calls_.recalls.push_back({key, addresses}); });
  }
  void look_up(const crypto::Digest&) override {}
  [[nodiscard]] std::vector<std::string> looked_up(const crypto::Digest&) const override { return {}; }
  void ping_dht(const std::string&) override {}
  [[nodiscard]] std::optional<bool> dht_answered(const std::string&) const override { return std::nullopt; }
  void put_item(std::shared_ptr<const crypto::KeyPair> key, ItemChoice choose) override {
    note([&] { calls_.puts.push_back({key->public_key(), std::move(choose)}); });
  }
  void get_item(const PublicKey& key) override {
    note([&] { calls_.gets.push_back(key); });
  }
  void on_item(std::function<void(const PublicKey&, const swarm::DhtItem&)> handler) override {
    item_handler_ = std::move(handler);
  }

 private:
  void note(const std::function<void()>& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Calls calls_;  ///< under mutex_
  std::function<void(const PublicKey&, const swarm::DhtItem&)> item_handler_;
};

}  // namespace shoal::node::testing
