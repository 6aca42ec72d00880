#pragma once

#include <libtorrent/socket.hpp>

#include <chrono>
#include <map>

namespace shoal::swarm {

/// Where this node met itself. The DHT tells us our own address too, for each feed again, and libtorrent dials it once
/// a minute for ever: each time an encrypted handshake at both ends, which takes milliseconds. Network thread only.
class OwnEndpoints {
 public:
  using Clock = std::chrono::steady_clock;

  void learn(const lt::tcp::endpoint& endpoint, Clock::time_point now);
  /// Forgotten after ten minutes: addresses are given to others.
  [[nodiscard]] bool has(const lt::tcp::endpoint& endpoint, Clock::time_point now) const;

 private:
  std::map<lt::tcp::endpoint, Clock::time_point> until_;
};

}  // namespace shoal::swarm
