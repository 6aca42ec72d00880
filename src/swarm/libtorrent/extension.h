#pragma once

#include "base/log_sink.h"
#include "replication/peers/peer_locator.h"
#include "swarm/libtorrent/address_watch.h"
#include "swarm/libtorrent/connection_gate.h"
#include "swarm/libtorrent/network_loop.h"
#include "swarm/libtorrent/own_endpoints.h"
#include "swarm/libtorrent/reported_addresses.h"
#include "swarm/libtorrent/unreached.h"

#include <libtorrent/extensions.hpp>
#include <libtorrent/socket.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace shoal::swarm {

/// Connections of all feeds since the start. Any thread.
struct ConnectionCounts {
  std::atomic<std::uint64_t> connections_in{0};    ///< incoming, of other nodes
  std::atomic<std::uint64_t> self_connections{0};  ///< to ourselves
  std::atomic<std::uint64_t> peers_in{0};          ///< those of connections_in that speak our extension
  std::atomic<std::uint64_t> peers_out{0};         ///< outgoing ones that speak our extension
};

/// Shared by the connections of one joined feed. Made on any thread, then used on the network thread only.
struct FeedConnections {
  std::shared_ptr<NetworkLoop> loop;
  std::shared_ptr<ConnectionGate> gate;
  std::uint64_t number = 0;  ///< of the feed, for the gate
  std::shared_ptr<replication::PeerAcceptor> acceptor;
  std::map<lt::tcp::endpoint, PublicKey> pinned;  ///< node key that must answer at an address
  Unreached unreached;
  std::shared_ptr<const AddressWatch> addresses;
  std::shared_ptr<OwnEndpoints> own_endpoints;
  std::shared_ptr<ReportedAddresses> reported_addresses;
  std::shared_ptr<ConnectionCounts> counts;
  std::string nonce;                                ///< random: a handshake that shows it comes from this node
  std::function<void(int peers)> on_peers_changed;  ///< connections that speak our extension now
  int peers = 0;                                    ///< connections that speak our extension
};

/// The BEP 10 extension `shoal` of one torrent. Each joined feed is a torrent without files: libtorrent finds and
/// connects peers, and this plugin (libtorrent/extensions.hpp: torrent_plugin, peer_plugin) takes each connection over
/// once its BEP 10 handshake names our extension. Connections that do not within 10 s are closed. It also enforces what
/// libtorrent does not: connection limits (ConnectionGate), message sizes, repeated handshakes, connections to
/// ourselves, and addresses that this machine lost. Without it strangers fill the connection slots and each message
/// costs up to a mebibyte.
std::shared_ptr<lt::torrent_plugin> make_feed_extension(std::shared_ptr<FeedConnections> feed);

}  // namespace shoal::swarm
