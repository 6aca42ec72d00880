#pragma once

#include "replication/fetch/availability.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace shoal::replication {

/// Which missing blocks to request next, and how many: the piece picker of a BitTorrent client, over ranges. Pure
/// arithmetic over sets of held and assigned blocks.
///
/// The next run is the lowest one that is neither held nor assigned to a want and that the peer offers, or, for
/// mirrors, the one that fewest peers hold. Assigning each run to one want is what keeps peers from sending the same
/// blocks; the average size of the blocks seen so far turns a portion of bytes into a number of blocks.
class RequestPlanner {
 public:
  /// Blocks below `from` are never requested.
  void start(std::uint64_t from) { from_ = from; }
  void add_held(std::uint64_t begin, std::uint64_t end) { held_.add(std::max(begin, from_), end); }
  void remove_held(BlockIndex block) { held_.remove(block.value(), block.value() + 1); }
  void assign(BlockRange range) { assigned_.add(range); }
  void release(BlockRange range) { assigned_.remove(range); }
  void clear();

  /// What one peer says that it holds.
  struct Offer {
    bool complete = false;  ///< everything below `end`
    std::uint64_t end = 0;
    const RangeSet* held = nullptr;
    const RangeSet* lacking = nullptr;  ///< not to be requested from it
  };
  /// The lowest run of at most `max_blocks` below `to` that is neither held nor assigned and that the offer covers.
  [[nodiscard]] std::optional<BlockRange> next(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks) const;
  /// The same, but the run that fewest peers hold; among equally rare runs the first at or after `start`, then from the
  /// beginning. Compares a bounded number of runs.
  [[nodiscard]] std::optional<BlockRange> rarest(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks,
                                                 const Availability& holders, std::uint64_t start) const;
  /// Everything in [from, to) is held.
  [[nodiscard]] bool complete(std::uint64_t to) const { return held_.contains(from_, to); }
  [[nodiscard]] const RangeSet& held() const { return held_; }

  /// Number of blocks of about `target_bytes`, by the average size so far.
  [[nodiscard]] std::uint64_t portion(std::uint64_t target_bytes) const;
  /// Counts received blocks for the average size.
  void measured(std::uint64_t blocks, std::uint64_t bytes);
  /// Average size; 0 while unknown.
  [[nodiscard]] double bytes_per_block() const;
  /// How many blocks below `to` are not held.
  [[nodiscard]] std::uint64_t missing(std::uint64_t to) const;

 private:
  /// The lowest run in [at, to) that is missing, not assigned, and covered by the offer.
  [[nodiscard]] std::optional<BlockRange> next_from(const Offer& offer, std::uint64_t at, std::uint64_t to) const;
  [[nodiscard]] static std::optional<BlockRange> offered(const Offer& offer, BlockRange wanted);

  std::uint64_t from_ = 0;
  RangeSet held_;
  RangeSet assigned_;
  std::uint64_t blocks_seen_ = 0;
  std::uint64_t bytes_seen_ = 0;
};

}  // namespace shoal::replication
