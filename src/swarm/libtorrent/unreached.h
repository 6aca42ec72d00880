#pragma once

#include <libtorrent/socket.hpp>

#include <cstddef>
#include <map>

namespace shoal::swarm {

/// Addresses at which dialling for one feed failed, with the number of failures in a row: dead addresses and nodes
/// behind NATs. Bounded by kMost: the address with most failures is dropped. Network thread only.
class Unreached {
 public:
  static constexpr std::size_t kMost = 16;

  void failed(const lt::tcp::endpoint& endpoint);
  void reached(const lt::tcp::endpoint& endpoint) { failures_.erase(endpoint); }
  /// Failures in a row by address.
  [[nodiscard]] const std::map<lt::tcp::endpoint, int>& failures() const { return failures_; }

 private:
  std::map<lt::tcp::endpoint, int> failures_;
};

}  // namespace shoal::swarm
