#pragma once

#include <cstdint>

namespace shoal::store {

/// Where the rows of a store are.
enum class Backing : std::uint8_t {
  disk,    ///< with a write-ahead log
  memory,  ///< volatile feeds: nothing touches the disk; its path only names it
};

}  // namespace shoal::store
