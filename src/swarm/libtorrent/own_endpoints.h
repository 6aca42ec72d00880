#pragma once

#include <libtorrent/socket.hpp>

#include <chrono>
#include <map>

namespace shoal::swarm {

/// Addresses at which this node connected to itself. The DHT returns our own address among the peers of each feed, and
/// libtorrent dials it once a minute for ever, each time with an encrypted handshake on both ends, which takes
/// milliseconds of CPU. Network thread only.
class OwnEndpoints {
 public:
  using Clock = std::chrono::steady_clock;

  void learn(const lt::tcp::endpoint& endpoint, Clock::time_point now);
  /// Entries expire after ten minutes, because addresses are given to other machines.
  [[nodiscard]] bool has(const lt::tcp::endpoint& endpoint, Clock::time_point now) const;

 private:
  std::map<lt::tcp::endpoint, Clock::time_point> until_;
};

}  // namespace shoal::swarm
