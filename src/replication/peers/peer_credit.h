#pragma once

#include "replication/peers/credit_pool.h"
#include "replication/peers/path_estimate.h"

#include <cstdint>
#include <memory>

namespace shoal::replication {

/// How many bytes of blocks one peer may have on their way to us: twice the product of its rate and its round trip, so
/// that a full line stays full and a rate can double with each round trip, between a floor and a ceiling. What is above
/// the floor comes from a pool. The ceiling keeps what waits for the feed below FeedChannel::kMaxInbound.
class PeerCredit {
 public:
  /// Two full messages: below that a peer would stop after each.
  static constexpr std::uint64_t kFloor = std::uint64_t{144} << 10;
  /// Before anything is known.
  static constexpr std::uint64_t kInitial = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kCeiling = std::uint64_t{2560} << 10;

  PeerCredit() = default;
  PeerCredit(std::uint64_t ceiling, std::shared_ptr<CreditPool> pool)
      : ceiling_(std::max(ceiling, kFloor)), lease_(std::move(pool)) {
    lease_.resize(std::min(kInitial, ceiling_) - kFloor);
  }

  /// Follows what was measured; to be called now and then.
  void update(const PathEstimate& path);
  [[nodiscard]] std::uint64_t bytes() const { return kFloor + lease_.held(); }

 private:
  std::uint64_t ceiling_ = kFloor;
  CreditLease lease_;
};

}  // namespace shoal::replication
