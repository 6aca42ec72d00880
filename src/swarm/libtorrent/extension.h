#pragma once

#include "base/log_sink.h"
#include "replication/peer_locator.h"
#include "swarm/libtorrent/address_watch.h"
#include "swarm/libtorrent/connection_gate.h"
#include "swarm/libtorrent/network_loop.h"

#include <libtorrent/extensions.hpp>
#include <libtorrent/socket.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace shoal::swarm {

/// What the connections of one joined feed share. Network thread only, but for its making.
struct FeedConnections {
  std::shared_ptr<NetworkLoop> loop;
  std::shared_ptr<ConnectionGate> gate;
  std::uint64_t number = 0;  ///< of the feed, for the gate
  std::shared_ptr<replication::PeerAcceptor> acceptor;
  std::map<lt::tcp::endpoint, PublicKey> pinned;  ///< which node must answer where
  std::shared_ptr<const AddressWatch> addresses;
  std::string nonce;                                  ///< random: a connection that shows it comes from ourselves
  std::function<void(bool any)> on_any_peer_changed;  ///< the first of our peers came, or the last one left
  int peers = 0;                                      ///< connections that speak our extension
};

/// The BEP 10 extension `shoal` of one torrent.
std::shared_ptr<lt::torrent_plugin> make_feed_extension(std::shared_ptr<FeedConnections> feed);

}  // namespace shoal::swarm
