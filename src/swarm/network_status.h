#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal::swarm {

/// What a router said when it was asked to open a port.
struct PortMapping {
  std::string method;     ///< `UPnP` or `NAT-PMP`
  std::string protocol;   ///< `tcp`, `udp`; empty for a failure
  int external_port = 0;  ///< 0: refused
  std::string problem;    ///< why it was refused; empty when it was not
};

/// What the swarm knows of the network, for people: a snapshot.
struct NetworkStatus {
  std::vector<std::string> listening;        ///< `host:port` of each TCP socket
  std::vector<std::string> listen_problems;  ///< `host:port: why`
  std::vector<std::string> external;         ///< our addresses as others see them
  std::vector<PortMapping> mappings;         ///< the newest answer of each router and protocol
  bool private_network = false;
  bool dht = false;
  std::size_t dht_nodes = 0;              ///< in the routing table
  std::vector<std::string> entry_points;  ///< of the DHT, `host:port`, as they were given or are built in
  std::size_t feeds = 0;                  ///< joined
  std::size_t announced_feeds = 0;        ///< of them announced since the network last changed
  std::size_t lonely_feeds = 0;           ///< of them without a peer
  std::uint64_t connections_in = 0;       ///< strangers that connected to us since the start
  std::uint64_t self_connections = 0;     ///< times that we met ourselves, see OwnEndpoints
  std::uint64_t peers_in = 0;             ///< of them that speak our protocol
  std::uint64_t peers_out = 0;            ///< whom we dialled and who speak our protocol
};

}  // namespace shoal::swarm
