#pragma once

#include "base/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace shoal::replication {

/// Bytes that we read from the store and hash for one peer beyond what its credit covers (docs/PROTOCOL.md, "Limits"):
/// headers that its wants pass over, look-ups of partitions, payloads of which it takes single pieces. Refilled with
/// time, and by the bytes that are sent. May go below zero by the last read. Pure state; the caller passes the time.
class ReadBudget {
 public:
  static constexpr double kPerSecond = 64 << 20;
  static constexpr double kBurst = 512 << 20;
  /// What a row counts: about as much time as this many bytes of a payload.
  static constexpr std::uint64_t kRow = 4 << 10;

  [[nodiscard]] bool left(base::MonoTime now) {
    if (now > last_) {
      bytes_ += std::chrono::duration<double>(now - last_).count() * kPerSecond;
      last_ = now;
    }
    bytes_ = std::min(bytes_, kBurst);
    return bytes_ > 0;
  }
  void spend(std::uint64_t bytes) { bytes_ -= static_cast<double>(bytes); }
  /// Bytes that were read and now sent.
  void repay(std::uint64_t bytes) { bytes_ = std::min(kBurst, bytes_ + static_cast<double>(bytes)); }

 private:
  double bytes_ = kBurst;
  base::MonoTime last_{0};
};

/// What may be read for one peer in one turn, so that a turn is short for all others on the feed's executor. Spends the
/// peer's budget. Without one there is no bound.
class ReadTurn {
 public:
  static constexpr std::uint64_t kBytes = std::uint64_t{16} << 20;

  ReadTurn() = default;
  ReadTurn(ReadBudget& budget, base::MonoTime now) : budget_(&budget), now_(now), left_(kBytes) {}

  [[nodiscard]] bool left() const { return left_ > 0 && (budget_ == nullptr || budget_->left(now_)); }
  /// The turn is over, though the peer may have more in its next one.
  [[nodiscard]] bool over() const { return left_ == 0; }
  void spend(std::uint64_t bytes) {
    left_ -= std::min(left_, bytes);
    if (budget_ != nullptr) budget_->spend(bytes);
  }
  void repay(std::uint64_t bytes) const {
    if (budget_ != nullptr) budget_->repay(bytes);
  }
  [[nodiscard]] base::MonoTime now() const { return now_; }

 private:
  ReadBudget* budget_ = nullptr;
  base::MonoTime now_{0};
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace shoal::replication
