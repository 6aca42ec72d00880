#pragma once

#include "swarm/network_status.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <libtorrent/alert.hpp>
#include <libtorrent/socket.hpp>

#include <map>
#include <set>
#include <string>

namespace shoal::swarm {

/// Keeps the state that libtorrent's alerts report of sockets, routers and the DHT. Not thread-safe.
class NetworkWatch {
 public:
  enum class News : std::uint8_t {
    none,
    listening,     ///< a socket listens, or failed to
    reachability,  ///< our addresses changed: announcements so far may be wrong
  };
  /// Returns what the alert changed.
  News note(const lt::alert& alert);

  /// The first address that listened; empty before that.
  [[nodiscard]] const std::string& listening() const { return first_; }
  [[nodiscard]] std::size_t failures() const { return failed_.size(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool failed_in_use() const { return failed_in_use_; }
  [[nodiscard]] std::size_t dht_nodes() const;
  /// Fills in the fields that are known here.
  void describe(NetworkStatus& status) const;

 private:
  News note_listening(const lt::alert& alert);
  News note_mapping(const lt::alert& alert);

  std::string first_;
  std::set<std::string> listening_;
  std::map<lt::tcp::endpoint, std::string> failed_;  ///< why
  std::string failure_;                              ///< the newest failure
  bool failed_in_use_ = false;
  std::set<std::string> external_;
  std::map<std::pair<std::string, std::string>, PortMapping> mappings_;  ///< by method and protocol
  std::map<lt::udp::endpoint, std::size_t> dht_sizes_;                   ///< by local address
};

}  // namespace shoal::swarm
