#pragma once

#include <libtorrent/address.hpp>
#include <libtorrent/string_view.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

namespace shoal::swarm {

/// Our own address as peers report it (`yourip` of BEP 10). libtorrent does not report it when a router told it the
/// address first. Peers may lie, so the address that most hosts report counts, and it is only shown to users. Any
/// thread.
class ReportedAddresses {
 public:
  static constexpr std::size_t kMostHosts = 64;

  /// `reported` is the address in network byte order, 4 or 16 bytes; other lengths and private addresses are ignored.
  void note(const lt::address& host, lt::string_view reported);
  [[nodiscard]] std::optional<lt::address> most_reported() const;

 private:
  mutable std::mutex mutex_;
  std::map<lt::address, lt::address> by_host_;  ///< the newest report of each host
};

}  // namespace shoal::swarm
