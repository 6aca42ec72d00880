#pragma once

#include "base/log_sink.h"
#include "replication/peer_locator.h"

#include <memory>
#include <string>
#include <vector>

namespace shoal::swarm {

/// How a node takes part in the network.
struct SwarmOptions {
  std::vector<std::string> listen;     ///< `host:port` with a literal address, `[v6]:port`; port 0 = any
  std::vector<std::string> bootstrap;  ///< DHT entry points; empty: the public ones, or none in a private network
  bool private_network = false;        ///< no public routers, no UPnP or NAT-PMP, private addresses allowed in the DHT
  bool dht = true;
  bool lsd = true;
  std::uint64_t up_limit = 0;    ///< bytes a second, 0 = none; counts local peers too
  std::uint64_t down_limit = 0;  ///< bytes a second, 0 = none
};

/// The node's place in the swarm: finds peers of joined feeds and carries messages. Thread-safe. Its transports may be
/// used from any thread and call their handlers on the network thread, where nothing may block.
class Swarm : public replication::PeerLocator {
 public:
  using replication::PeerLocator::dial;
  /// The node behind a connection from `host_port` proved that it lies. See ConnectionPolicy::note_offence().
  virtual void note_offence(std::string_view host_port) = 0;
  /// `host:port` where this node can be dialled: the first listening address.
  [[nodiscard]] virtual std::string listening() const = 0;
  /// Nodes in the DHT's routing table, to which bootstrap nodes do not belong; 0 without DHT.
  [[nodiscard]] virtual std::size_t dht_nodes() const = 0;
};

/// Starts listening. Code::invalid_argument for an address that cannot be read, Code::io for one that is taken or not
/// this machine's. Where there is no network it begins all the same, and listens when there is one. The destructor ends
/// all connections.
[[nodiscard]] Result<std::unique_ptr<Swarm>> start_swarm(const SwarmOptions& options, base::LogSink& log);

}  // namespace shoal::swarm
