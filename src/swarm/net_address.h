#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace shoal::swarm {

/// An IP address as connections are counted by it: IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2), in network byte order.
struct NetAddress {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const NetAddress&) const = default;

  [[nodiscard]] bool is_v4() const;
  /// One subscriber: the address itself, of IPv6 its /64.
  [[nodiscard]] NetAddress host() const;
  /// Whom one party can have many of: /24 of IPv4, /48 of IPv6.
  [[nodiscard]] NetAddress network() const;
  /// Loopback, link-local and private ones (RFC 1918, RFC 4193).
  [[nodiscard]] bool is_private() const;
};

}  // namespace shoal::swarm
