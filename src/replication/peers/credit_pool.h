#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace shoal::replication {

/// Bytes in transit that all peers of all feeds of a node share, above each peer's floor: it bounds what can arrive at
/// once, however many peers and feeds there are (docs/PROTOCOL.md, "Limits"). Any thread.
class CreditPool {
 public:
  explicit CreditPool(std::uint64_t bytes) : left_(bytes) {}

  /// Takes up to `bytes` and says how many.
  [[nodiscard]] std::uint64_t take(std::uint64_t bytes) {
    std::uint64_t left = left_.load();
    while (!left_.compare_exchange_weak(left, left - std::min(left, bytes))) {
    }
    return std::min(left, bytes);
  }
  void give_back(std::uint64_t bytes) { left_ += bytes; }
  [[nodiscard]] std::uint64_t left() const { return left_; }

 private:
  std::atomic<std::uint64_t> left_;
};

/// The bytes that one peer has leased from a pool; returned by the destructor. One owner.
class CreditLease {
 public:
  CreditLease() = default;
  explicit CreditLease(std::shared_ptr<CreditPool> pool) : pool_(std::move(pool)) {}
  CreditLease(CreditLease&& other) noexcept : pool_(std::move(other.pool_)), held_(std::exchange(other.held_, 0)) {}
  CreditLease& operator=(CreditLease&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(held_, other.held_);
    return *this;
  }
  CreditLease(const CreditLease&) = delete;
  CreditLease& operator=(const CreditLease&) = delete;
  ~CreditLease() { resize(0); }

  /// Leases `wanted` bytes, or as many as the pool has; returns how many. Without a pool: all.
  std::uint64_t resize(std::uint64_t wanted) {
    if (pool_ == nullptr) return held_ = wanted;
    if (wanted < held_) pool_->give_back(held_ - wanted);
    held_ = wanted <= held_ ? wanted : held_ + pool_->take(wanted - held_);
    return held_;
  }
  [[nodiscard]] std::uint64_t held() const { return held_; }

 private:
  std::shared_ptr<CreditPool> pool_;
  std::uint64_t held_ = 0;
};

}  // namespace shoal::replication
