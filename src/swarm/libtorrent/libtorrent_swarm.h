#pragma once

#include "base/clock.h"
#include "swarm/announce_schedule.h"
#include "swarm/dht_watch.h"
#include "swarm/dial_book.h"
#include "swarm/libtorrent/dht_questions.h"
#include "swarm/libtorrent/extension.h"
#include "swarm/libtorrent/network_watch.h"
#include "swarm/libtorrent/transport_switch.h"
#include "swarm/swarm.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libtorrent/alert.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace shoal::swarm {

/// The swarm on a libtorrent session. Each joined feed is a torrent without metadata, whose info-hash comes from the
/// feed's discovery key: libtorrent gives the DHT (BEP 5), peer exchange (BEP 11), local discovery (BEP 14), port
/// mapping, TCP and uTP, and the extension carries our messages. What it lacks for thousands of small swarms is decided
/// by pure classes beside it: when to announce (AnnounceSchedule), when to dial (DialBook), TCP or uTP
/// (TransportSwitch).
///
/// Three threads: callers (any), libtorrent's network thread, and one of its own for alerts, announcements and dials.
/// That one sleeps until something is due, so an idle feed costs nothing. mutex_ protects what they share and is never
/// held during a call into libtorrent that waits for the network thread, which takes it in note_peers().
class LibtorrentSwarm final : public Swarm {
 public:
  LibtorrentSwarm(const SwarmOptions& options, base::LogSink& log);
  ~LibtorrentSwarm() override;
  LibtorrentSwarm(const LibtorrentSwarm&) = delete;
  LibtorrentSwarm& operator=(const LibtorrentSwarm&) = delete;

  /// Waits until the first address listens, or all failed.
  [[nodiscard]] Result<void> wait_listening();

  void join(const crypto::Digest& discovery_key, std::shared_ptr<replication::PeerAcceptor> acceptor) override;
  void leave(const crypto::Digest& discovery_key) override;
  void dial(const crypto::Digest& discovery_key, std::string_view host_port,
            const std::optional<PublicKey>& pinned) override;
  void note_offence(std::string_view host_port) override;
  void need_peers(const crypto::Digest& discovery_key) override;
  void recall(const crypto::Digest& discovery_key, const std::vector<std::string>& host_ports) override;
  [[nodiscard]] std::string listening() const override;
  [[nodiscard]] std::size_t dht_nodes() const override;
  [[nodiscard]] NetworkStatus status() const override;

  void look_up(const crypto::Digest& key) override { questions_.look_up(key); }
  [[nodiscard]] std::vector<std::string> looked_up(const crypto::Digest& key) const override {
    return questions_.looked_up(key);
  }
  void ping_dht(const std::string& host_port) override { questions_.ping(host_port); }
  [[nodiscard]] std::optional<bool> dht_answered(const std::string& host_port) const override {
    return questions_.answered(host_port);
  }
  void put_item(std::shared_ptr<const crypto::KeyPair> key, ItemChoice choose) override {
    questions_.put_item(std::move(key), std::move(choose));
  }
  void get_item(const PublicKey& key) override { questions_.get_item(key); }
  void on_item(std::function<void(const PublicKey&, const DhtItem&)> handler) override {
    questions_.on_item(std::move(handler));
  }

 private:
  struct Joined {
    lt::torrent_handle torrent;
    std::shared_ptr<FeedConnections> connections;
    std::uint64_t number = 0;  ///< differs when a feed is joined again
    int peers = 0;
  };

  void run();
  /// Sleeps until something is due or an alert comes. False: the thread must end.
  [[nodiscard]] bool sleep();
  void wake();
  void handle_alerts();
  void announce_due();
  void dial_due();
  void ask_dht_size();
  /// Switches between TCP and uTP, see TransportChoice.
  void choose_transport();
  [[nodiscard]] std::vector<TransportSwitch::Feed> feeds_with_few_peers() const;
  /// Called on the network thread.
  void note_peers(const crypto::Digest& discovery_key, std::uint64_t number, int peers);
  void remove(const lt::torrent_handle& torrent);

  base::SystemClock clock_;
  base::LogSink* log_;
  const SwarmOptions options_;
  std::unique_ptr<lt::session> session_;  ///< destroyed first, by the destructor's body
  std::shared_ptr<NetworkLoop> loop_;
  std::shared_ptr<ConnectionGate> gate_;  ///< network thread
  std::shared_ptr<AddressWatch> addresses_ = std::make_shared<AddressWatch>();
  std::shared_ptr<OwnEndpoints> own_endpoints_ = std::make_shared<OwnEndpoints>();
  std::shared_ptr<ReportedAddresses> reported_addresses_ = std::make_shared<ReportedAddresses>();
  std::shared_ptr<ConnectionCounts> counts_ = std::make_shared<ConnectionCounts>();
  DhtQuestions questions_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<crypto::Digest, Joined> joined_;  ///< under mutex_
  std::size_t lonely_ = 0;                   ///< those of them without a peer; under mutex_
  AnnounceSchedule schedule_;                ///< under mutex_
  DialBook book_;                            ///< under mutex_
  NetworkWatch watch_;                       ///< under mutex_
  std::uint64_t joins_ = 0;                  ///< under mutex_
  bool woken_ = false;                       ///< under mutex_
  bool started_listening_ = false;           ///< wait_listening() returned; under mutex_
  bool stopping_ = false;                    ///< under mutex_
  TransportSwitch transport_;                ///< own thread
  DhtWatch dht_watch_;                       ///< own thread
  base::MonoTime next_dht_question_{0};      ///< own thread
  base::MonoTime next_transport_choice_{0};  ///< own thread
  std::thread thread_;                       ///< alerts and announcements; may block on libtorrent
};

}  // namespace shoal::swarm
