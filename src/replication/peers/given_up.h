#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace shoal::replication {

/// Names of questions of one kind that one peer was asked and that were given up: an answer that still comes is late,
/// and no lie. Kept with the peer, so that what others fail to answer never pushes them out. The newest kMost are
/// known.
class GivenUp {
 public:
  static constexpr std::size_t kMost = 1024;

  void add(std::uint64_t name) {
    names_.push_back(name);
    if (names_.size() > kMost) names_.pop_front();
  }
  [[nodiscard]] bool contains(std::uint64_t name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  std::deque<std::uint64_t> names_;
};

}  // namespace shoal::replication
