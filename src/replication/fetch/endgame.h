#pragma once

#include "replication/peers/replicator_core.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

// Which part of a slow peer's want a peer with free capacity takes over, so that a transfer does not end at the speed
// of its slowest peer. The duplicate is BitTorrent's end-game mode (B. Cohen, "Incentives Build Robustness in
// BitTorrent", 2.4.4), bounded: it requests only the end of one want twice, and only when that saves time. Without it
// one peer that holds the last portion keeps the reader waiting while every other peer is idle. Pure arithmetic, no
// state.
namespace shoal::replication {

/// Interval at which idle peers are matched with outstanding wants.
inline constexpr base::MonoTime kShareEvery = std::chrono::milliseconds(50);

/// A want of ours whose peer still owes blocks.
struct Outstanding {
  std::uint64_t want = 0;
  PeerId peer{0};
  BlockRange rest;             ///< its missing blocks
  double seconds_left = 0;     ///< at the peer's present rate; infinite when it brings nothing
  double bytes_per_block = 0;  ///< average of the blocks received
  bool shared = false;         ///< another peer was asked for some of it already
};

/// A peer with free capacity.
struct Helper {
  PeerId peer{0};
  double bytes_per_second = 0;  ///< 0: it takes nothing over
  base::MonoTime round_trip{0};
};

/// The end part of a want that a helper is to bring.
struct Takeover {
  std::uint64_t want = 0;
  BlockRange part;
};

/// End-game: the part is requested from the helper while its owner goes on, so it is requested twice. It is cut so that
/// owner and helper finish together, and chosen only when that is clearly sooner. The want that takes longest comes
/// first, and each want has one helper: at most the outstanding bytes are requested twice.
[[nodiscard]] std::optional<Takeover> pick_duplicate(const std::vector<Outstanding>& outstanding, const Helper& helper);

/// The same part when it is taken away from its owner and so requested once: worth it whenever both then finish clearly
/// sooner. A want may be split again, so `shared` is ignored here.
[[nodiscard]] std::optional<Takeover> pick_split(const std::vector<Outstanding>& outstanding, const Helper& helper);

}  // namespace shoal::replication
