#pragma once

#include "base/clock.h"
#include "swarm/libtorrent/extension.h"
#include "swarm/libtorrent/network_loop.h"
#include "swarm/transport_choice.h"

#include <libtorrent/session_handle.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace shoal::swarm {

/// Switches a session's dialling between TCP and uTP as TransportChoice decides, and redials by uTP the addresses that
/// TCP did not reach. Confined to its caller; may block on libtorrent.
class TransportSwitch {
 public:
  struct Feed {
    lt::torrent_handle torrent;
    std::shared_ptr<FeedConnections> connections;
    bool lonely = false;  ///< without a peer
  };

  TransportSwitch(lt::session_handle session, std::shared_ptr<NetworkLoop> loop)
      : session_(std::move(session)), loop_(std::move(loop)) {}

  /// To be called every half second. `lonely`: some feed has no peer. `few`: returns the feeds with few peers or none;
  /// called once at the start of each uTP part of a period.
  void turn(UnixMs wall, base::MonoTime now, bool lonely, const std::function<std::vector<Feed>()>& few);

 private:
  void apply(bool utp);
  void redial(const Feed& feed);

  lt::session_handle session_;
  std::shared_ptr<NetworkLoop> loop_;
  TransportChoice choice_;
  bool utp_ = false;
};

}  // namespace shoal::swarm
