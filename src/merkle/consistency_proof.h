#pragma once

#include "merkle/tree_hash.h"

#include <cstdint>
#include <vector>

namespace shoal::merkle {

/// RFC 9162 section 2.1.4.1: proof that the tree of size `first` is a prefix of the tree of size `second`.
/// Code::invalid_argument unless 0 < first <= second; empty when they are equal.
[[nodiscard]] Result<std::vector<Digest>> prove_consistency(const HashReader& tree, std::uint64_t first,
                                                            std::uint64_t second);

/// RFC 9162 section 2.1.4.2. Code::unverified when the proof does not connect the two roots.
[[nodiscard]] Result<void> verify_consistency(std::uint64_t first, const Digest& first_root, std::uint64_t second,
                                              const Digest& second_root, const std::vector<Digest>& proof);

}  // namespace shoal::merkle
