#pragma once

#include <cstddef>

namespace shoal::replication {

/// Largest message body that a transport carries.
inline constexpr std::size_t kMaxMessageSize = std::size_t{72} << 10;
/// Largest until the other side proved that it knows the feed: hello, open and identity are far smaller.
inline constexpr std::size_t kMaxStrangerMessage = 1024;

}  // namespace shoal::replication
