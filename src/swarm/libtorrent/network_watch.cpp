#include "swarm/libtorrent/network_watch.h"

#include "swarm/libtorrent/endpoints.h"

#include <libtorrent/alert_types.hpp>

namespace shoal::swarm {
namespace {

/// Bound on the addresses that are kept for a machine that moves from network to network.
constexpr std::size_t kMaxExternal = 8;

std::string method_name(lt::portmap_transport transport) {
  return transport == lt::portmap_transport::upnp ? "UPnP" : "NAT-PMP";
}

}  // namespace

NetworkWatch::News NetworkWatch::note(const lt::alert& alert) {
  if (const auto* dht = lt::alert_cast<lt::dht_stats_alert>(&alert)) {
    std::size_t& size = dht_sizes_[dht->local_endpoint];
    size = 0;
    for (const lt::dht_routing_bucket& bucket : dht->routing_table) size += static_cast<std::size_t>(bucket.num_nodes);
    return News::none;
  }
  if (lt::alert_cast<lt::dht_bootstrap_alert>(&alert) != nullptr) return News::reachability;
  if (const auto* seen = lt::alert_cast<lt::external_ip_alert>(&alert)) {
    if (external_.size() >= kMaxExternal) external_.clear();
    external_.insert(seen->external_address.to_string());
    return News::reachability;
  }
  const News listens = note_listening(alert);
  return listens == News::none ? note_mapping(alert) : listens;
}

NetworkWatch::News NetworkWatch::note_listening(const lt::alert& alert) {
  if (const auto* listens = lt::alert_cast<lt::listen_succeeded_alert>(&alert)) {
    if (listens->socket_type != lt::socket_type_t::tcp) return News::none;
    const std::string address = endpoint_text(listens->address, listens->port);
    failed_.erase({listens->address, static_cast<std::uint16_t>(listens->port)});
    listening_.insert(address);
    if (!first_.empty()) return News::reachability;  // a new interface or address
    first_ = address;
    return News::listening;
  }
  if (const auto* refused = lt::alert_cast<lt::listen_failed_alert>(&alert)) {
    const lt::tcp::endpoint endpoint(refused->address, static_cast<std::uint16_t>(refused->port));
    failure_ = endpoint_text(endpoint) + ": " + refused->error.message();
    failed_[endpoint] = failure_;
    listening_.erase(endpoint_text(endpoint));
    failed_in_use_ = refused->error == boost::asio::error::address_in_use;
    return News::listening;
  }
  return News::none;
}

NetworkWatch::News NetworkWatch::note_mapping(const lt::alert& alert) {
  if (const auto* mapped = lt::alert_cast<lt::portmap_alert>(&alert)) {
    PortMapping mapping;
    mapping.method = method_name(mapped->map_transport);
    mapping.protocol = mapped->map_protocol == lt::portmap_protocol::udp ? "udp" : "tcp";
    mapping.external_port = mapped->external_port;
    mappings_.erase({mapping.method, ""});
    PortMapping& known = mappings_[{mapping.method, mapping.protocol}];
    const bool moved = known.external_port != mapping.external_port;
    known = std::move(mapping);
    return moved ? News::reachability : News::none;
  }
  if (const auto* refused = lt::alert_cast<lt::portmap_error_alert>(&alert)) {
    const std::string method = method_name(refused->map_transport);
    mappings_[{method, ""}] = {method, "", 0, refused->error.message()};
  }
  return News::none;
}

std::size_t NetworkWatch::dht_nodes() const {
  std::size_t sum = 0;
  for (const auto& [local, count] : dht_sizes_) sum += count;
  return sum;
}

void NetworkWatch::describe(NetworkStatus& status) const {
  status.listening.assign(listening_.begin(), listening_.end());
  for (const auto& [endpoint, why] : failed_) status.listen_problems.push_back(why);
  status.external.assign(external_.begin(), external_.end());
  for (const auto& [key, mapping] : mappings_) status.mappings.push_back(mapping);
  status.dht_nodes = dht_nodes();
}

}  // namespace shoal::swarm
