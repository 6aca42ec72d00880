#pragma once

#include <utility>

#include <libtorrent/address.hpp>
#include <libtorrent/extensions.hpp>
#include <libtorrent/session_handle.hpp>

#include <set>

namespace shoal::swarm {

/// Knows which addresses this machine has. libtorrent 2.0.8 looks at them when a new one comes, and neither when one
/// goes nor when a line is plugged in again: listening sockets would be missing or dead, and connections of an address
/// that is gone (another network, another lease) would stay, mute, until they time out. This has the listening sockets
/// opened again after every change; the connections end themselves, see has(). Network thread only.
class AddressWatch final : public lt::plugin {
 public:
  AddressWatch();

  [[nodiscard]] lt::feature_flags_t implemented_features() override { return tick_feature; }
  void added(const lt::session_handle& session) override { session_ = session; }
  /// Once a second.
  void on_tick() override;

  /// Of an interface that is down too: a connection outlives a pulled plug. True also while nothing is known.
  [[nodiscard]] bool has(const lt::address& address) const;

 private:
  struct Addresses {
    std::set<lt::address> all;
    std::set<lt::address> usable;  ///< of interfaces that are up and connected
  };
  [[nodiscard]] static Addresses of_machine();

  lt::session_handle session_;
  Addresses addresses_;
  int look_again_ = 0;  ///< ticks until the sockets are opened once more; 0 never
};

}  // namespace shoal::swarm
