#pragma once

#include "base/random.h"

#include <cstdint>
#include <random>

namespace shoal::node {

/// Seeds the library's choices (partitions, order of peers) from the machine. Not for secrets.
inline base::SeededRandom system_random() {
  std::random_device device;
  return base::SeededRandom(std::uint64_t{device()} << 32 | device());
}

}  // namespace shoal::node
