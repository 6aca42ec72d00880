#include "swarm/libtorrent/address_watch.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <optional>

namespace shoal::swarm {
namespace {

/// A new IPv6 address cannot be used before duplicate address detection (RFC 4862) is done: reopen once more after
/// this.
constexpr int kLookAgainTicks = 3;

/// Without the scope of link-local addresses: two interfaces rarely share one.
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

std::optional<lt::address> address_of(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr) return std::nullopt;
  if (entry.ifa_addr->sa_family == AF_INET) {
    return address_of<lt::address_v4>(entry.ifa_addr, &sockaddr_in::sin_addr);
  }
  if (entry.ifa_addr->sa_family == AF_INET6) {
    return address_of<lt::address_v6>(entry.ifa_addr, &sockaddr_in6::sin6_addr);
  }
  return std::nullopt;
}

}  // namespace

AddressWatch::AddressWatch() : addresses_(of_machine()) {}

/// Empty when the system call fails.
AddressWatch::Addresses AddressWatch::of_machine() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &freeifaddrs);
  Addresses out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const auto address = address_of(*entry);
    if (!address) continue;
    out.all.insert(*address);
    constexpr unsigned kConnected = IFF_UP | IFF_RUNNING;
    if ((entry->ifa_flags & kConnected) == kConnected) out.usable.insert(*address);
  }
  return out;
}

void AddressWatch::on_tick() {
  Addresses now = of_machine();
  const bool changed = now.usable != addresses_.usable;
  addresses_ = std::move(now);
  if (changed) look_again_ = kLookAgainTicks;
  const bool again = !changed && look_again_ > 0 && --look_again_ == 0;
  if (changed || again) session_.reopen_network_sockets();
}

bool AddressWatch::has(const lt::address& address) const {
  if (addresses_.all.empty() || address.is_unspecified()) return true;
  return addresses_.all.contains(address) || addresses_.all.contains(plain(address));
}

}  // namespace shoal::swarm
