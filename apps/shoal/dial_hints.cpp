#include "dial_hints.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <algorithm>

namespace shoal::command {
namespace {

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "[::]" || host == "*"; }

/// IPv4 addresses of interfaces that are up; others are left to discovery.
std::vector<std::string> machine_addresses(bool loopback) {
  std::vector<std::string> found;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_UP) == 0) continue;
    if (((one->ifa_flags & IFF_LOOPBACK) != 0) != loopback) continue;
    char text[INET_ADDRSTRLEN];
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) != nullptr) found.emplace_back(text);
  }
  freeifaddrs(all);
  return found;
}

}  // namespace

std::vector<std::string> dial_hints(const std::string& listening) {
  std::vector<std::string> hints;
  const auto add = [&hints](const std::string& hint) {
    if (std::find(hints.begin(), hints.end(), hint) == hints.end()) hints.push_back(hint);
  };
  for (std::size_t at = 0; at < listening.size();) {
    const std::size_t end = std::min(listening.find_first_of(" ,", at), listening.size());
    const std::string one = listening.substr(at, end - at);
    at = end + 1;
    const std::size_t colon = one.rfind(':');
    if (colon == std::string::npos) continue;
    if (!is_any(one.substr(0, colon))) {
      add(one);
      continue;
    }
    std::vector<std::string> addresses = machine_addresses(false);
    if (addresses.empty()) addresses = machine_addresses(true);
    for (const std::string& address : addresses) add(address + one.substr(colon));
  }
  return hints;
}

}  // namespace shoal::command
