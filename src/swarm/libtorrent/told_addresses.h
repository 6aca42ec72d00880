#pragma once

#include <libtorrent/address.hpp>
#include <libtorrent/string_view.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

namespace shoal::swarm {

/// What peers call our address (`yourip` of BEP 10). A router that opened a port tells libtorrent the address too, and
/// then no alert tells us. Peers may lie: it counts what most hosts say, and nothing rests on it. Any thread.
class ToldAddresses {
 public:
  static constexpr std::size_t kMostHosts = 64;

  /// `told` is the address in network byte order, 4 or 16 bytes; other lengths and private addresses are no news.
  void note(const lt::address& host, lt::string_view told);
  [[nodiscard]] std::optional<lt::address> most_told() const;

 private:
  mutable std::mutex mutex_;
  std::map<lt::address, lt::address> by_host_;  ///< the newest of each
};

}  // namespace shoal::swarm
