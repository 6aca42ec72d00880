#include "node/feeds/payload_allowance.h"

#include <algorithm>
#include <utility>

namespace shoal::node {

bool PayloadAllowance::give(std::optional<std::uint64_t> bytes, std::uint64_t held) {
  const std::lock_guard lock(mutex_);
  bytes_ = bytes;
  held_from_ = held;
  return std::exchange(used_up_, false);
}

bool PayloadAllowance::spend(std::uint64_t held) {
  const std::lock_guard lock(mutex_);
  if (!bytes_ || used_up_ || held <= held_from_ + *bytes_) return false;
  used_up_ = true;
  return true;
}

void PayloadAllowance::on_pruned(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  held_from_ -= std::min(held_from_, bytes);
}

std::optional<Error> PayloadAllowance::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool PayloadAllowance::set_problem(std::optional<Error> problem) {
  const std::lock_guard lock(mutex_);
  if (!problem && !problem_) return false;
  problem_ = std::move(problem);
  return true;
}

bool PayloadAllowance::exhausted() const {
  const std::lock_guard lock(mutex_);
  return used_up_ || problem_;
}

}  // namespace shoal::node
