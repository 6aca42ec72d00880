#pragma once

#include <utility>

#include <libtorrent/socket.hpp>

namespace shoal::swarm {

/// Sets options of the TCP connection between two endpoints: no Nagle delay (RFC 896), a bound on unsent bytes in the
/// kernel, a bound on the retransmission time-out. libtorrent does not expose its sockets, so the descriptor is found
/// by its addresses. Does nothing for uTP.
void tune_tcp_socket(const lt::tcp::endpoint& local, const lt::tcp::endpoint& remote);

}  // namespace shoal::swarm
