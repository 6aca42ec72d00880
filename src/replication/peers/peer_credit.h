#pragma once

#include "replication/peers/credit_pool.h"
#include "replication/peers/path_estimate.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

namespace shoal::replication {

/// How many bytes of blocks one peer may have in transit to us: twice its bandwidth-delay product, between a floor and
/// a ceiling. Once the product keeps a full line full; twice the product lets the rate double with each round trip, as
/// the congestion window in TCP slow start. A fixed window would starve a distant fast peer, or buffer megabytes of a
/// near slow one. Bytes above the floor are leased from a pool that all peers and feeds share; the ceiling keeps the
/// inbound queue of a feed below FeedChannel::kMaxInbound.
class PeerCredit {
 public:
  /// Two full messages: with less a peer would stop after each one.
  static constexpr std::uint64_t kFloor = std::uint64_t{144} << 10;
  /// Before anything is known.
  static constexpr std::uint64_t kInitial = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kCeiling = std::uint64_t{2560} << 10;

  PeerCredit() = default;
  PeerCredit(std::uint64_t ceiling, std::shared_ptr<CreditPool> pool)
      : ceiling_(std::max(ceiling, kFloor)), lease_(std::move(pool)) {
    lease_.resize(std::min(kInitial, ceiling_) - kFloor);
  }

  /// Adapts to the measured rate and round trip. Several times a second.
  void update(const PathEstimate& path);
  [[nodiscard]] std::uint64_t bytes() const { return kFloor + lease_.held(); }

 private:
  std::uint64_t ceiling_ = kFloor;
  CreditLease lease_;
};

}  // namespace shoal::replication
