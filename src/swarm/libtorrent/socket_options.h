#pragma once

#include <utility>

#include <libtorrent/socket.hpp>

namespace shoal::swarm {

/// Turns off Nagle's delay, bounds unsent bytes in the kernel and the pause between two tries to send lost ones, for
/// the TCP connection between the two endpoints. libtorrent does not hand out its sockets, so the descriptor is found
/// by its addresses. Does nothing for uTP.
void tune_tcp_socket(const lt::tcp::endpoint& local, const lt::tcp::endpoint& remote);

}  // namespace shoal::swarm
