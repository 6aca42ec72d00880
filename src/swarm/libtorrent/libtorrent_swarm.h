#pragma once

#include "base/clock.h"
#include "swarm/announce_schedule.h"
#include "swarm/dht_watch.h"
#include "swarm/libtorrent/extension.h"
#include "swarm/swarm.h"

#include <utility>

#include <libtorrent/alert.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace shoal::swarm {

/// The swarm on a libtorrent session: one metadata-less torrent per joined feed.
class LibtorrentSwarm final : public Swarm {
 public:
  LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log);
  ~LibtorrentSwarm() override;
  LibtorrentSwarm(const LibtorrentSwarm&) = delete;
  LibtorrentSwarm& operator=(const LibtorrentSwarm&) = delete;

  /// Waits until the first address listens, or all have failed.
  [[nodiscard]] Result<void> wait_listening();

  void join(const crypto::Digest& discovery_key, std::shared_ptr<replication::PeerAcceptor> acceptor) override;
  void leave(const crypto::Digest& discovery_key) override;
  void dial(const crypto::Digest& discovery_key, std::string_view host_port,
            const std::optional<PublicKey>& pinned) override;
  void note_offence(std::string_view host_port) override;
  [[nodiscard]] std::string listening() const override;
  [[nodiscard]] std::size_t dht_nodes() const override { return dht_nodes_; }

 private:
  struct Joined {
    lt::torrent_handle torrent;
    std::shared_ptr<FeedConnections> connections;
    std::uint64_t number = 0;  ///< tells a feed that was joined again from its former self
    std::set<lt::tcp::endpoint> dialled;
    base::MonoTime next_dial{0};
    bool has_peer = false;
  };

  void run();
  void handle_alerts();
  void handle_listening(const lt::alert& alert);
  void announce_due();
  void dial_due();
  void ask_dht_size();
  /// TCP, and now and then uTP for feeds that have no peer: it gets through address translators.
  void choose_transport();
  /// Network thread.
  void note_peers(const crypto::Digest& discovery_key, std::uint64_t number, bool any);
  void remove(const lt::torrent_handle& torrent);

  base::SystemClock clock_;
  base::LogSink* log_;
  std::size_t listen_count_;
  std::unique_ptr<lt::session> session_;  ///< ended by the destructor, while all the rest still lives
  std::shared_ptr<NetworkLoop> loop_;
  std::shared_ptr<ConnectionGate> gate_;  ///< network thread
  std::shared_ptr<AddressWatch> addresses_ = std::make_shared<AddressWatch>();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<crypto::Digest, Joined> joined_;      ///< under mutex_
  AnnounceSchedule schedule_;                    ///< under mutex_
  std::uint64_t joins_ = 0;                      ///< under mutex_
  std::string listening_;                        ///< under mutex_
  std::set<lt::tcp::endpoint> listen_failures_;  ///< under mutex_
  std::string listen_failure_;                   ///< under mutex_
  bool listen_in_use_ = false;                   ///< under mutex_
  bool started_listening_ = false;               ///< under mutex_; wait_listening() is over
  bool stopping_ = false;                        ///< under mutex_
  std::atomic<std::size_t> dht_nodes_{0};
  base::MonoTime started_{0};
  bool dials_by_utp_ = false;                           ///< own thread
  base::MonoTime next_dht_question_{0};                 ///< own thread
  DhtWatch dht_watch_;                                  ///< own thread
  std::map<lt::udp::endpoint, std::size_t> dht_sizes_;  ///< by local address; own thread
  std::thread thread_;                                  ///< alerts and announcements; may block on libtorrent
};

}  // namespace shoal::swarm
