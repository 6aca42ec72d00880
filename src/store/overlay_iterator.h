#pragma once

#include "store/write_buffer.h"

#include <memory>

namespace shoal::store {

/// Walks the rows of a store with others laid over them: a row of `above` replaces the one below it, or hides it when
/// it is erased. Holds its own copy of `above`.
[[nodiscard]] std::unique_ptr<KvIterator> overlay(BufferedRows above, std::unique_ptr<KvIterator> below);

}  // namespace shoal::store
