#pragma once

#include "replication/peers/replicator_core.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace shoal::replication {

/// How often it is looked whether somebody could help.
inline constexpr base::MonoTime kShareEvery = std::chrono::milliseconds(50);

/// A want that some peer still owes blocks of.
struct Outstanding {
  std::uint64_t want = 0;
  PeerId peer{0};
  BlockRange rest;             ///< what is missing of it
  double seconds_left = 0;     ///< as its peer goes on; infinite when it brings nothing
  double bytes_per_block = 0;  ///< what blocks were like so far
  bool shared = false;         ///< another peer was asked for some of it already
};

/// A peer that has time.
struct Helper {
  PeerId peer{0};
  double bytes_per_second = 0;  ///< of one that has none nothing is asked
  base::MonoTime round_trip{0};
};

struct Overlap {
  std::uint64_t want = 0;
  BlockRange part;
};

/// The end-game: of what others still owe, the end part that the helper would bring clearly sooner, split so that both
/// get through at the same time. The want that takes longest is shared first, each with one helper only: so at most
/// what is outstanding is asked for twice.
[[nodiscard]] std::optional<Overlap> pick_overlap(const std::vector<Outstanding>& outstanding, const Helper& helper);

/// The same end part when it is taken away from the want and so asked for once: worth it whenever both then get through
/// clearly sooner. What was split may be split again, so `shared` has no meaning here.
[[nodiscard]] std::optional<Overlap> pick_split(const std::vector<Outstanding>& outstanding, const Helper& helper);

}  // namespace shoal::replication
