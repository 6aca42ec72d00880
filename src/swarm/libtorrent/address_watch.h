#pragma once

#include <utility>

#include <libtorrent/address.hpp>
#include <libtorrent/extensions.hpp>
#include <libtorrent/session_handle.hpp>

#include <set>

namespace shoal::swarm {

/// Watches the addresses of this machine and reopens the listening sockets after each change. libtorrent 2.0.8 reacts
/// to a new address, but not to one that is removed nor to a cable that is plugged in again: listening sockets would be
/// missing or dead, and connections of a removed address (another network, another lease) would stay silent until they
/// time out. PeerExtension ends such connections by has(). Network thread only.
class AddressWatch final : public lt::plugin {
 public:
  AddressWatch();

  [[nodiscard]] lt::feature_flags_t implemented_features() override { return tick_feature; }
  void added(const lt::session_handle& session) override { session_ = session; }
  /// Once a second.
  void on_tick() override;

  /// True for an address of this machine, also of an interface that is down, because a connection survives a short cut.
  /// True for all addresses while the machine's are not known.
  [[nodiscard]] bool has(const lt::address& address) const;

 private:
  struct Addresses {
    std::set<lt::address> all;
    std::set<lt::address> usable;  ///< of interfaces that are up and connected
  };
  [[nodiscard]] static Addresses of_machine();

  lt::session_handle session_;
  Addresses addresses_;
  int look_again_ = 0;  ///< ticks until the sockets are reopened once more; 0: never
};

}  // namespace shoal::swarm
