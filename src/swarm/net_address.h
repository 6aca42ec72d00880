#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace shoal::swarm {

/// An IP address for counting connections: IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2), in network byte order.
struct NetAddress {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const NetAddress&) const = default;

  [[nodiscard]] bool is_v4() const;
  /// The part that one subscriber has: the IPv4 address, or the /64 of an IPv6 address.
  [[nodiscard]] NetAddress host() const;
  /// The part that one organisation often has: /24 of IPv4, /48 of IPv6.
  [[nodiscard]] NetAddress network() const;
  /// True for loopback, link-local and private addresses (RFC 1918, RFC 4193).
  [[nodiscard]] bool is_private() const;
};

}  // namespace shoal::swarm
