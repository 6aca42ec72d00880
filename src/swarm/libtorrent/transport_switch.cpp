#include "swarm/libtorrent/transport_switch.h"

#include <libtorrent/settings_pack.hpp>
#include <libtorrent/torrent_status.hpp>

#include <algorithm>

namespace shoal::swarm {
namespace {

bool knows_unreached(const TransportSwitch::Feed& feed) {
  // A feed without peers uses TCP first; TransportChoice decides for how long.
  if (feed.lonely || !feed.torrent.is_valid()) return false;
  const lt::torrent_status status = feed.torrent.status(lt::status_flags_t{});
  // An address that is being dialled now is not among connect_candidates.
  return status.connect_candidates > 0 || status.num_connections > status.num_peers;
}

}  // namespace

void TransportSwitch::turn(UnixMs wall, base::MonoTime now, bool lonely,
                           const std::function<std::vector<Feed>()>& few) {
  std::vector<Feed> feeds;
  const bool utp = choice_.by_utp(wall, now, lonely, [&] {
    feeds = few();
    return std::any_of(feeds.begin(), feeds.end(), knows_unreached);
  });
  if (utp != utp_) apply(utp);
  if (!utp) return;
  for (const Feed& feed : feeds) redial(feed);
}

void TransportSwitch::apply(bool utp) {
  utp_ = utp;
  lt::settings_pack change;
  // Either TCP or uTP: with both enabled libtorrent dials a peer by uTP once and never again.
  change.set_bool(lt::settings_pack::enable_outgoing_utp, utp);
  change.set_bool(lt::settings_pack::enable_outgoing_tcp, !utp);
  session_.apply_settings(std::move(change));
}

void TransportSwitch::redial(const Feed& feed) {
  // libtorrent waits longer after each failure, soon longer than kStretchMs. An address from a tracker clears one
  // failure.
  loop_->post([feed] {
    for (const auto& [endpoint, failures] : feed.connections->unreached.failures()) {
      for (int i = 0; i < failures; ++i) {
        feed.torrent.connect_peer(endpoint, lt::peer_info::tracker, lt::pex_encryption | lt::pex_utp);
      }
    }
  });
}

}  // namespace shoal::swarm
