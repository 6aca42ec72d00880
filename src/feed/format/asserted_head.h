#pragma once

#include "crypto/hash.h"

#include <cstdint>

namespace shoal::feed {

/// The owner's word (`--assert-head SIZE:ROOT`) for the last head that a key has ever signed.
struct AssertedHead {
  std::uint64_t tree_size = 0;
  crypto::Digest root;
};

}  // namespace shoal::feed
