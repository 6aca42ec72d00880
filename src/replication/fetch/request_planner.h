#pragma once

#include "replication/fetch/availability.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace shoal::replication {

/// Which blocks of a range are still to be asked for, and in what portions: pure arithmetic over sets.
class RequestPlanner {
 public:
  /// Blocks below `from` are of no interest.
  void start(std::uint64_t from) { from_ = from; }
  void add_held(std::uint64_t begin, std::uint64_t end) { held_.add(std::max(begin, from_), end); }
  void assign(BlockRange range) { assigned_.add(range); }
  void release(BlockRange range) { assigned_.remove(range); }
  void clear();

  /// What one peer says that it can give.
  struct Offer {
    bool complete = false;  ///< everything below `end`
    std::uint64_t end = 0;
    const RangeSet* held = nullptr;
    const RangeSet* lacking = nullptr;  ///< not to be asked for
  };
  /// The lowest run of at most `max_blocks` below `to` that is neither held nor assigned and that the offer covers.
  [[nodiscard]] std::optional<BlockRange> next(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks) const;
  /// The same, but the run that fewest peers hold; among those that as many hold the first at or after `start`, then
  /// from the beginning on. Looks at a bounded number of runs.
  [[nodiscard]] std::optional<BlockRange> rarest(const Offer& offer, std::uint64_t to, std::uint64_t max_blocks,
                                                 const Availability& holders, std::uint64_t start) const;
  /// Everything in [from, to) is held.
  [[nodiscard]] bool complete(std::uint64_t to) const { return held_.contains(from_, to); }
  [[nodiscard]] const RangeSet& held() const { return held_; }

  /// Blocks of about `target_bytes`, from what blocks were like so far.
  [[nodiscard]] std::uint64_t portion(std::uint64_t target_bytes) const;
  void measured(std::uint64_t blocks, std::uint64_t bytes);
  /// 0 while unknown.
  [[nodiscard]] double bytes_per_block() const;
  /// How many blocks below `to` are not held.
  [[nodiscard]] std::uint64_t missing(std::uint64_t to) const;

 private:
  /// The lowest run in [at, to) that is to be asked for and that the offer covers.
  [[nodiscard]] std::optional<BlockRange> next_from(const Offer& offer, std::uint64_t at, std::uint64_t to) const;
  [[nodiscard]] static std::optional<BlockRange> offered(const Offer& offer, BlockRange wanted);

  std::uint64_t from_ = 0;
  RangeSet held_;
  RangeSet assigned_;
  std::uint64_t blocks_seen_ = 0;
  std::uint64_t bytes_seen_ = 0;
};

}  // namespace shoal::replication
