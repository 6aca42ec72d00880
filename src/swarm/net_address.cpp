#include "swarm/net_address.h"

#include <algorithm>

namespace shoal::swarm {
namespace {

NetAddress cut(NetAddress address, std::size_t bytes) {
  std::fill(address.bytes.begin() + static_cast<std::ptrdiff_t>(bytes), address.bytes.end(), std::uint8_t{0});
  return address;
}

}  // namespace

bool NetAddress::is_v4() const {
  const bool zeros = std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
  return zeros && bytes[10] == 0xff && bytes[11] == 0xff;
}

NetAddress NetAddress::host() const { return is_v4() ? *this : cut(*this, 8); }

NetAddress NetAddress::network() const { return is_v4() ? cut(*this, 15) : cut(*this, 6); }

bool NetAddress::is_private() const {
  if (is_v4()) {
    const std::uint8_t a = bytes[12];
    const std::uint8_t b = bytes[13];
    return a == 127 || a == 10 || (a == 172 && b >> 4 == 1) || (a == 192 && b == 168) || (a == 169 && b == 254);
  }
  const bool zeros = std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
  return (zeros && bytes[15] == 1) || (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && bytes[1] >> 6 == 2);
}

}  // namespace shoal::swarm
