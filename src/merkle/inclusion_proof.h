#pragma once

#include "merkle/tree_hash.h"

#include <cstdint>
#include <vector>

namespace shoal::merkle {

/// RFC 9162 section 2.1.3.1: the path of leaf `index` in the tree of `size`, lowest sibling first.
/// Code::invalid_argument unless index < size.
[[nodiscard]] Result<std::vector<Digest>> prove_inclusion(const HashReader& tree, std::uint64_t index,
                                                          std::uint64_t size);

/// RFC 9162 section 2.1.3.2. Code::unverified when the path does not lead from `leaf` to `root`.
[[nodiscard]] Result<void> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size,
                                            const std::vector<Digest>& path, const Digest& root);

}  // namespace shoal::merkle
