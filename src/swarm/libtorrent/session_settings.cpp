#include "swarm/libtorrent/session_settings.h"

#include <libtorrent/alert.hpp>
#include <libtorrent/disabled_disk_io.hpp>
#include <libtorrent/extensions.hpp>
#include <libtorrent/settings_pack.hpp>

#include <sys/resource.h>
#include <algorithm>
#include <limits>

namespace shoal::swarm {
namespace {

using Settings = lt::settings_pack;

/// Connections above our own limit that libtorrent accepts before their BitTorrent handshake, and the seconds within
/// which that must come.
constexpr std::size_t kUnknown = 1500;
constexpr int kHandshakeSeconds = 7;
/// File descriptors left for stores, the node socket and others.
constexpr std::size_t kOtherDescriptors = 256;
constexpr std::size_t kFewestConnections = 64;

std::size_t descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::size_t{1} << 20;
  return static_cast<std::size_t>(limit.rlim_cur);
}

/// Limit on all connections of libtorrent.
std::size_t library_connections() {
  const std::size_t most = ConnectionPolicy::Limits{}.all + kUnknown;
  const std::size_t open = descriptors();
  return std::clamp(open > kOtherDescriptors ? open - kOtherDescriptors : 0, kFewestConnections, most);
}

/// Receive buffer of one peer; the default of 2 MiB would take 2 GiB for a thousand peers.
constexpr int kPeerReceiveBuffer = 256 << 10;
constexpr int kNever = 1 << 24;      // seconds
constexpr int kUdpBuffer = 4 << 20;  // the default drops datagrams: uTP at 7 MB/s instead of over 100

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

int rate(std::uint64_t bytes_a_second) {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  return static_cast<int>(bytes_a_second < kLargest ? bytes_a_second : kLargest);
}

/// Turns off the protections of the public DHT that stop a DHT on loopback or private addresses from working.
void allow_private_dht(Settings& settings) {
  settings.set_bool(Settings::dht_restrict_routing_ips, false);
  settings.set_bool(Settings::dht_restrict_search_ips, false);
  settings.set_bool(Settings::dht_prefer_verified_node_ids, false);
  settings.set_bool(Settings::dht_ignore_dark_internet, false);
  settings.set_bool(Settings::dht_enforce_node_id, false);
  settings.set_int(Settings::dht_block_ratelimit, 100000);
  settings.set_int(Settings::dht_max_torrents, 20000);
  settings.set_int(Settings::dht_max_dht_items, 20000);  // head hints
}

/// Bytes a second that our DHT node sends; queries above it are dropped. An announcement takes about 4 KB, so the
/// public limit allows AnnounceSchedule::kPublicPace; a node with few feeds stays far below it.
constexpr int kPrivateDhtRate = 1 << 20;
constexpr int kPublicDhtRate = 64 << 10;

}  // namespace

ConnectionPolicy::Limits connection_limits(const SwarmOptions& options) {
  ConnectionPolicy::Limits limits;
  // A quarter stays for connections before their handshake, also when there are few descriptors.
  limits.all = std::min(limits.all, library_connections() * 3 / 4);
  limits.feed = std::min(limits.feed, limits.all);
  limits.private_network = options.private_network;
  return limits;
}

lt::session_params session_parameters(const SwarmOptions& options) {
  Settings settings;
  settings.set_str(Settings::user_agent, "shoalcast");
  settings.set_str(Settings::listen_interfaces, joined(options.listen));
  settings.set_bool(Settings::enable_dht, options.dht);
  settings.set_bool(Settings::enable_lsd, options.lsd);
  settings.set_bool(Settings::enable_upnp, !options.private_network);
  settings.set_bool(Settings::enable_natpmp, !options.private_network);
  if (options.private_network || !options.bootstrap.empty()) {
    settings.set_str(Settings::dht_bootstrap_nodes, joined(options.bootstrap));
  }
  if (options.private_network) allow_private_dht(settings);
  settings.set_int(Settings::dht_upload_rate_limit, options.private_network ? kPrivateDhtRate : kPublicDhtRate);
  // No announcements by libtorrent itself: announce_schedule.h decides.
  settings.set_int(Settings::dht_announce_interval, kNever);
  // Dials a second; the default of 30 is too slow when many feeds meet the same node.
  settings.set_int(Settings::connection_speed, 200);
  // Many nodes behind one address (loopback, NAT); the session tells duplicates by node key.
  settings.set_bool(Settings::allow_multiple_connections_per_ip, true);
  settings.set_bool(Settings::close_redundant_connections, false);
  settings.set_bool(Settings::prefer_rc4, false);
  settings.set_int(Settings::connections_limit, static_cast<int>(library_connections()));
  settings.set_int(Settings::handshake_timeout, kHandshakeSeconds);
  settings.set_int(Settings::peer_turnover, 0);
  settings.set_int(Settings::listen_queue_size, 512);
  settings.set_int(Settings::min_reconnect_time, 2);  // seconds, times the failures in a row
  // Milliseconds; the default is 500. Dialling, and sending under a rate limit, wait for a tick.
  settings.set_int(Settings::tick_interval, 100);
  // Seconds, and 3 more for each failure in a row: four tries of TCP.
  settings.set_int(Settings::peer_connect_timeout, 8);
  // The default limits TCP in proportion to the number of uTP connections.
  settings.set_int(Settings::mixed_mode_algorithm, Settings::prefer_tcp);
  // libtorrent would dial by uTP first, which is slower than TCP; TransportSwitch turns it on when it is needed.
  settings.set_bool(Settings::enable_outgoing_utp, false);
  // A port in use is an error: libtorrent must not take another one silently.
  settings.set_int(Settings::max_retry_port_bind, 0);
  settings.set_bool(Settings::listen_system_port_fallback, false);
  settings.set_int(Settings::max_failcount, std::numeric_limits<std::uint8_t>::max());
  settings.set_int(Settings::recv_socket_buffer_size, kUdpBuffer);
  settings.set_int(Settings::max_peer_recv_buffer_size, kPeerReceiveBuffer);
  settings.set_int(Settings::alert_queue_size, 20000);
  settings.set_int(Settings::upload_rate_limit, rate(options.up_limit));
  settings.set_int(Settings::download_rate_limit, rate(options.down_limit));
  const auto alerts = lt::alert_category::error | lt::alert_category::status | lt::alert_category::dht |
                      lt::alert_category::dht_operation | lt::alert_category::port_mapping;
  settings.set_int(Settings::alert_mask, static_cast<int>(static_cast<std::uint32_t>(alerts)));

  // An explicit, empty list of plugins: no ut_metadata (BEP 9), by which any peer can force large allocations.
  lt::session_params parameters(std::move(settings), std::vector<std::shared_ptr<lt::plugin>>{});
  parameters.disk_io_constructor = lt::disabled_disk_io_constructor;
  return parameters;
}

}  // namespace shoal::swarm
