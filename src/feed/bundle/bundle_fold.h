#pragma once

#include "feed/bundle/bundle_frame.h"
#include "feed/format/checkpoint.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace shoal::feed {

/// What a bundle proves by itself, run by run, with nothing but its right edge in memory (docs/FORMAT.md, "Bundle").
/// Knows no store. Confined to its caller.
class BundleFold {
 public:
  /// The bundle's note and base come first. Code::unverified for a base beyond the head.
  [[nodiscard]] static Result<BundleFold> begin(const Checkpoint& head, merkle::RightEdge base);

  /// The next run: follows the ones before, inside the head, proven by its cover. Code::unverified.
  [[nodiscard]] Result<void> add(const RunHead& run);
  [[nodiscard]] Result<void> add(const BundleRun& run);
  /// Topic entries: in order, proven under the head.
  [[nodiscard]] Result<void> add(const std::vector<BundleTopicEntry>& entries);
  /// The end counts what came, and the base was proven.
  [[nodiscard]] Result<void> finish(const BundleEnd& end) const;

  [[nodiscard]] std::uint64_t base() const { return base_; }
  /// Right edge at the end of the blocks that came from the base on without a hole, before the newest run.
  [[nodiscard]] const merkle::RightEdge& edge_before() const { return before_; }
  /// The newest run's cover, as from base 0: its own base's edge goes along.
  [[nodiscard]] std::vector<merkle::Digest> cover_from_start(const BundleRun& run) const;

 private:
  BundleFold(const Checkpoint& head, merkle::RightEdge base)
      : head_(head), base_(base.size()), edge_(base), before_(std::move(base)) {}
  [[nodiscard]] Result<void> fold(std::uint64_t base, const std::vector<merkle::Leaf>& leaves,
                                  const std::vector<merkle::Digest>& cover);

  Checkpoint head_;
  std::uint64_t base_;
  merkle::RightEdge edge_;
  merkle::RightEdge before_;
  bool proven_ = false;
  std::uint64_t next_block_ = 0;
  std::uint64_t next_position_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t payloads_ = 0;
};

/// Leaves `base`, `base` + 1 … of the run: the end of them.
[[nodiscard]] std::uint64_t contiguous_end(const BundleRun& run);

}  // namespace shoal::feed
