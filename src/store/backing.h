#pragma once

#include <cstdint>

namespace shoal::store {

/// What of a store reaches the disk, and when.
enum class Backing : std::uint8_t {
  logged,    ///< own feeds, heads, cursors: write-ahead log
  unlogged,  ///< mirrored feeds: no log, atomic flush; lost tails are fetched again
  memory,    ///< volatile feeds: nothing touches the disk; its path only names it
};

}  // namespace shoal::store
