#pragma once

#include <shoal/result.h>

#include <cstdint>
#include <mutex>
#include <optional>

namespace shoal::node {

/// How many payload bytes one feed may still store under the budget of the data directory. The retention thread gives
/// the allowance, the feed's strand spends it; nothing is fetched once it is used up. Pure state; thread-safe.
class PayloadAllowance {
 public:
  /// `bytes` more than the `held` ones may be stored; nullopt: any number. True when fetching may go on, which had
  /// ended.
  [[nodiscard]] bool give(std::optional<std::uint64_t> bytes, std::uint64_t held);
  /// `held` bytes are stored now. True when that used the allowance up.
  [[nodiscard]] bool spend(std::uint64_t held);
  /// `bytes` of what was held were dropped. They do not make room: the disk gives them back later, and only the next
  /// allowance counts them.
  void on_pruned(std::uint64_t bytes);

  /// Why the budget cannot be kept; nullopt while it can.
  [[nodiscard]] std::optional<Error> problem() const;
  /// True when there was or is a problem, so that somebody may wait for this.
  [[nodiscard]] bool set_problem(std::optional<Error> problem);

  /// There is no room: the allowance is used up, or the budget cannot be kept.
  [[nodiscard]] bool exhausted() const;

 private:
  mutable std::mutex mutex_;
  std::optional<std::uint64_t> bytes_;
  std::uint64_t held_from_ = 0;  ///< bytes held when it was given, less what was pruned since
  bool used_up_ = false;
  std::optional<Error> problem_;
};

}  // namespace shoal::node
