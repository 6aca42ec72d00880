#include "swarm/libtorrent/reported_addresses.h"

#include "swarm/libtorrent/endpoints.h"

#include <algorithm>

namespace shoal::swarm {
namespace {

template <class Bytes>
Bytes bytes_of(lt::string_view text) {
  Bytes out;
  std::transform(text.begin(), text.end(), out.begin(), [](char c) { return static_cast<unsigned char>(c); });
  return out;
}

std::optional<lt::address> parsed(lt::string_view reported) {
  using lt::address_v4;
  using lt::address_v6;
  if (reported.size() == 4) return address_v4(bytes_of<address_v4::bytes_type>(reported));
  if (reported.size() == 16) return address_v6(bytes_of<address_v6::bytes_type>(reported));
  return std::nullopt;
}

}  // namespace

void ReportedAddresses::note(const lt::address& host, lt::string_view reported) {
  const auto address = parsed(reported);
  if (!address || address->is_unspecified() || net_address(*address).is_private()) return;
  const std::lock_guard lock(mutex_);
  if (by_host_.size() >= kMostHosts && !by_host_.contains(host)) by_host_.erase(by_host_.begin());
  by_host_[host] = *address;
}

std::optional<lt::address> ReportedAddresses::most_reported() const {
  std::map<lt::address, int> hosts;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [host, reported] : by_host_) ++hosts[reported];
  }
  const auto most =
      std::max_element(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == hosts.end() ? std::nullopt : std::optional(most->first);
}

}  // namespace shoal::swarm
