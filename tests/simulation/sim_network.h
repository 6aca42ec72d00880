#pragma once

#include "base/random.h"
#include "replication/peers/peer_transport.h"
#include "simulation/virtual_time.h"

#include <deque>
#include <functional>
#include <memory>

/// Connections between many hosts on virtual time: each host has one line with an upload and a download rate that all
/// its connections share, each connection a latency with jitter; loss shows as what it is above TCP, a delay.
namespace shoal::simulation {

using NodeIndex = std::size_t;

struct HostLine {
  double up = 1e9;    ///< bytes per second
  double down = 1e9;  ///< bytes per second
  base::MonoTime up_free{0};
  base::MonoTime down_free{0};
};

struct NetworkOptions {
  base::MonoTime latency_min = std::chrono::milliseconds(5);  ///< one way, uniform between the two
  base::MonoTime latency_max = std::chrono::milliseconds(80);
  double jitter = 0.1;  ///< of the latency, added at random to each message
  double loss = 0.01;   ///< messages that come late: a retransmission in front of all behind them
};

class SimNetwork;

/// One side of a connection. Silent ends carry nothing and tell nobody, as a dead host or a pulled cable does.
class SimTransport final : public replication::PeerTransport, public std::enable_shared_from_this<SimTransport> {
 public:
  SimTransport(SimNetwork& network, NodeIndex from, NodeIndex to, base::MonoTime latency, bool outgoing);

  void attach(std::shared_ptr<replication::PeerTransportHandler> handler) { handler_ = std::move(handler); }
  [[nodiscard]] const replication::PeerAddress& address() const override { return address_; }
  [[nodiscard]] std::size_t queued() const override { return queued_; }
  void send(ByteView message) override;
  void close(std::string_view reason) override { shut(std::string(reason), true); }

  /// The host died: this side forgets its session without a word.
  void die();
  [[nodiscard]] NodeIndex from() const { return from_; }
  [[nodiscard]] NodeIndex to() const { return to_; }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] base::MonoTime latency() const { return latency_; }

 private:
  friend class SimNetwork;
  void left(std::size_t size);
  void reach(std::size_t size);
  void deliver();
  [[nodiscard]] VirtualTime::Event again(void (SimTransport::*step)());
  void shut(const std::string& reason, bool tell_other);

  SimNetwork& network_;
  NodeIndex from_;
  NodeIndex to_;
  base::MonoTime latency_;
  replication::PeerAddress address_;
  std::weak_ptr<SimTransport> other_;
  std::shared_ptr<replication::PeerTransportHandler> handler_;
  base::MonoTime last_arrival_{0};
  base::MonoTime last_delivery_{0};
  std::deque<Bytes> on_the_way_;  ///< towards this side
  std::size_t queued_ = 0;
  std::size_t peak_ = 0;
  bool open_ = true;
};

/// The lines of all hosts, who is cut off from whom, and the connections between them.
class SimNetwork {
 public:
  SimNetwork(VirtualTime& time, std::uint64_t seed, NetworkOptions options)
      : time_(time), random_(seed), options_(options) {}

  void add_host(HostLine line) { lines_.push_back(line); }
  HostLine& line(NodeIndex host) { return lines_[host]; }
  /// The same in both directions and in every run of one seed.
  [[nodiscard]] base::MonoTime latency(NodeIndex a, NodeIndex b) const;
  /// Both ends of a fresh connection; the first one dialled.
  std::pair<std::shared_ptr<SimTransport>, std::shared_ptr<SimTransport>> connect(NodeIndex from, NodeIndex to);
  /// Hosts of different sides hear nothing of each other until heal().
  void partition(std::vector<bool> side) { side_ = std::move(side); }
  void heal() { side_.clear(); }
  [[nodiscard]] bool reachable(NodeIndex a, NodeIndex b) const { return side_.empty() || side_[a] == side_[b]; }
  [[nodiscard]] VirtualTime& time() { return time_; }
  [[nodiscard]] std::size_t largest_queue() const { return largest_queue_; }

 private:
  friend class SimTransport;
  [[nodiscard]] double chance() { return static_cast<double>(random_.next() >> 11) / 9007199254740992.0; }

  VirtualTime& time_;
  base::SeededRandom random_;
  NetworkOptions options_;
  std::vector<HostLine> lines_;
  std::vector<bool> side_;
  std::size_t largest_queue_ = 0;
};

}  // namespace shoal::simulation
