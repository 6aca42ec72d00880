#pragma once

#include <utility>

#include <libtorrent/address.hpp>
#include <libtorrent/extensions.hpp>
#include <libtorrent/session_handle.hpp>

#include <set>

namespace shoal::swarm {

/// Knows which addresses this machine has. libtorrent 2.0.8 hears of new addresses only: connections and listening
/// sockets of one that is gone (another network, another lease) would stay, mute, until they time out. On a loss this
/// has the listening sockets opened again; the connections end themselves, see has(). Network thread only.
class AddressWatch final : public lt::plugin {
 public:
  AddressWatch();

  [[nodiscard]] lt::feature_flags_t implemented_features() override { return tick_feature; }
  void added(const lt::session_handle& session) override { session_ = session; }
  /// Once a second.
  void on_tick() override;

  /// True also while the machine's addresses are not known.
  [[nodiscard]] bool has(const lt::address& address) const;

 private:
  lt::session_handle session_;
  std::set<lt::address> addresses_;
};

}  // namespace shoal::swarm
