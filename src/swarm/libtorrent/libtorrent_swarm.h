#pragma once

#include "base/clock.h"
#include "swarm/announce_schedule.h"
#include "swarm/libtorrent/extension.h"
#include "swarm/swarm.h"

#include <utility>

#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace shoal::swarm {

/// The swarm on a libtorrent session: one metadata-less torrent per joined feed.
class LibtorrentSwarm final : public Swarm {
 public:
  LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log);
  ~LibtorrentSwarm() override;

  /// Waits until the first address listens.
  [[nodiscard]] Result<void> wait_listening();

  void join(const crypto::Digest& discovery_key, std::shared_ptr<replication::PeerAcceptor> acceptor) override;
  void leave(const crypto::Digest& discovery_key) override;
  void dial(const crypto::Digest& discovery_key, std::string_view host_port) override;
  [[nodiscard]] std::string listening() const override;
  [[nodiscard]] std::size_t dht_nodes() const override { return dht_nodes_; }

 private:
  struct Joined {
    lt::torrent_handle torrent;
    std::set<lt::tcp::endpoint> dialled;
    base::MonoTime next_dial{0};
    bool has_peer = false;
  };

  void run();
  void handle_alerts();
  void announce_due();
  void dial_due();
  void note_peers(const crypto::Digest& discovery_key, bool any);

  base::SystemClock clock_;
  base::LogSink* log_;
  lt::session session_;
  std::shared_ptr<NetworkLoop> loop_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<crypto::Digest, Joined> joined_;  ///< under mutex_
  AnnounceSchedule schedule_;                ///< under mutex_
  std::string listening_;                    ///< under mutex_
  std::string listen_failure_;               ///< under mutex_
  bool listen_in_use_ = false;               ///< under mutex_
  bool stopping_ = false;                    ///< under mutex_
  std::atomic<std::size_t> dht_nodes_{0};
  std::thread thread_;  ///< alerts and announcements; may block on libtorrent
};

}  // namespace shoal::swarm
