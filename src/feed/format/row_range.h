#pragma once

#include "store/keyspace.h"

#include <algorithm>

namespace shoal::feed {

/// True when begin <= key < end in byte order.
inline bool in_range(const store::KeyRange& range, ByteView key) {
  const auto less = [](ByteView a, ByteView b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  return !less(key, range.begin) && less(key, range.end);
}

}  // namespace shoal::feed
