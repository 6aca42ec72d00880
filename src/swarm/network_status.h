#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::swarm {

/// A router's reply to a request to open a port.
struct PortMapping {
  std::string method;     ///< `UPnP` or `NAT-PMP`
  std::string protocol;   ///< `tcp`, `udp`; empty for a failure
  int external_port = 0;  ///< 0: refused
  std::string problem;    ///< reason of a refusal; empty otherwise
};

/// A snapshot of the network as the swarm knows it, to show to users.
struct NetworkStatus {
  std::vector<std::string> listening;        ///< `host:port` of each TCP socket
  std::vector<std::string> listen_problems;  ///< `host:port: why`
  std::vector<std::string> external;         ///< our addresses as other nodes see them
  std::vector<PortMapping> mappings;         ///< the newest answer of each router and protocol
  bool private_network = false;
  bool dht = false;
  std::size_t dht_nodes = 0;              ///< in the routing table
  std::vector<std::string> entry_points;  ///< of the DHT, `host:port`: those given, or the built-in ones
  std::size_t feeds = 0;                  ///< joined
  std::size_t announced_feeds = 0;        ///< those of them announced since the network last changed
  std::size_t lonely_feeds = 0;           ///< those of them without a peer
  std::uint64_t connections_in = 0;       ///< incoming connections since the start
  std::uint64_t self_connections = 0;     ///< connections to ourselves, see OwnEndpoints
  std::uint64_t peers_in = 0;             ///< incoming connections that speak our protocol
  std::uint64_t peers_out = 0;            ///< outgoing connections that speak our protocol
};

}  // namespace shoal::swarm
