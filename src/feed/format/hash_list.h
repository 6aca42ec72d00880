#pragma once

#include "base/wire.h"
#include "merkle/tree_hash.h"

#include <cstddef>
#include <vector>

namespace shoal::feed {

/// Hashes one after the other, 32 bytes each; how many there are is written by the caller.
void write_hashes(base::WireWriter& out, const std::vector<merkle::Digest>& hashes);
/// Fails the reader, before anything is allocated, when fewer than `count` hashes are left.
std::vector<merkle::Digest> read_hashes(base::WireReader& in, std::size_t count);

}  // namespace shoal::feed
