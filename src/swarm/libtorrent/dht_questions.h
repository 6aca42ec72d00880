#pragma once

#include "swarm/swarm.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <libtorrent/alert.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/sha1_hash.hpp>

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace shoal::swarm {

/// The info-hash of a feed's torrent: the first 20 bytes of its discovery key.
[[nodiscard]] lt::sha1_hash info_hash(const crypto::Digest& discovery_key);

/// Requests to the DHT beside announcements: get_peers (BEP 5), ping, and mutable items (BEP 44). libtorrent answers by
/// alerts, which note() matches with the requests. Thread-safe; the session outlives it.
class DhtQuestions {
 public:
  explicit DhtQuestions(lt::session& session) : session_(&session) {}

  // See Swarm for all of these.
  void look_up(const crypto::Digest& discovery_key);
  [[nodiscard]] std::vector<std::string> looked_up(const crypto::Digest& discovery_key) const;
  void ping(const std::string& host_port);
  [[nodiscard]] std::optional<bool> answered(const std::string& host_port) const;
  void put_item(std::shared_ptr<const crypto::KeyPair> key, Swarm::ItemChoice choose);
  void get_item(const PublicKey& key);
  void on_item(std::function<void(const PublicKey&, const DhtItem&)> handler);

  /// Reads the replies from libtorrent's alerts. On the swarm's own thread.
  void note(const lt::alert& alert);

 private:
  void note_item(const lt::alert& alert);

  lt::session* session_;
  mutable std::mutex mutex_;
  std::map<lt::sha1_hash, std::set<std::string>> looked_up_;            ///< under mutex_
  std::map<std::string, std::set<lt::udp::endpoint>> pinged_;           ///< addresses by name; under mutex_
  std::map<lt::udp::endpoint, std::optional<bool>> answers_;            ///< under mutex_
  std::function<void(const PublicKey&, const DhtItem&)> item_handler_;  ///< under mutex_
};

}  // namespace shoal::swarm
