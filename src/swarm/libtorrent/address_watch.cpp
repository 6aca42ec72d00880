#include "swarm/libtorrent/address_watch.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace shoal::swarm {
namespace {

/// Without the scope of link-local addresses: two interfaces seldom share one.
lt::address plain(const lt::address& address) {
  return address.is_v6() ? lt::address(lt::address_v6(address.to_v6().to_bytes())) : address;
}

template <typename Address, typename SocketAddress, typename Field>
Address address_of(const sockaddr* socket_address, Field SocketAddress::*field) {
  SocketAddress typed{};
  std::memcpy(&typed, socket_address, sizeof typed);
  typename Address::bytes_type bytes;
  std::memcpy(bytes.data(), &(typed.*field), bytes.size());
  return Address(bytes);
}

/// Empty when the system does not tell.
std::set<lt::address> addresses_of_machine() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &freeifaddrs);
  std::set<lt::address> out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      out.insert(address_of<lt::address_v4>(entry->ifa_addr, &sockaddr_in::sin_addr));
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      out.insert(address_of<lt::address_v6>(entry->ifa_addr, &sockaddr_in6::sin6_addr));
    }
  }
  return out;
}

}  // namespace

AddressWatch::AddressWatch() : addresses_(addresses_of_machine()) {}

void AddressWatch::on_tick() {
  std::set<lt::address> now = addresses_of_machine();
  const bool lost = !std::includes(now.begin(), now.end(), addresses_.begin(), addresses_.end());
  addresses_ = std::move(now);
  if (lost) session_.reopen_network_sockets();
}

bool AddressWatch::has(const lt::address& address) const {
  if (addresses_.empty() || address.is_unspecified()) return true;
  return addresses_.contains(address) || addresses_.contains(plain(address));
}

}  // namespace shoal::swarm
