#pragma once

#include "base/log_sink.h"
#include "replication/peers/peer_locator.h"
#include "swarm/libtorrent/address_watch.h"
#include "swarm/libtorrent/connection_gate.h"
#include "swarm/libtorrent/network_loop.h"
#include "swarm/libtorrent/own_endpoints.h"
#include "swarm/libtorrent/told_addresses.h"
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
  std::atomic<std::uint64_t> connections_in{0};    ///< of others
  std::atomic<std::uint64_t> self_connections{0};  ///< of ourselves
  std::atomic<std::uint64_t> peers_in{0};          ///< of them that speak our extension
  std::atomic<std::uint64_t> peers_out{0};         ///< whom we dialled and who do
};

/// What the connections of one joined feed share. Network thread only, but for its making.
struct FeedConnections {
  std::shared_ptr<NetworkLoop> loop;
  std::shared_ptr<ConnectionGate> gate;
  std::uint64_t number = 0;  ///< of the feed, for the gate
  std::shared_ptr<replication::PeerAcceptor> acceptor;
  std::map<lt::tcp::endpoint, PublicKey> pinned;  ///< which node must answer where
  Unreached unreached;
  std::shared_ptr<const AddressWatch> addresses;
  std::shared_ptr<OwnEndpoints> own_endpoints;
  std::shared_ptr<ToldAddresses> told_addresses;
  std::shared_ptr<ConnectionCounts> counts;
  std::string nonce;                                ///< random: a connection that shows it comes from ourselves
  std::function<void(int peers)> on_peers_changed;  ///< how many there are now
  int peers = 0;                                    ///< connections that speak our extension
};

/// The BEP 10 extension `shoal` of one torrent.
std::shared_ptr<lt::torrent_plugin> make_feed_extension(std::shared_ptr<FeedConnections> feed);

}  // namespace shoal::swarm
