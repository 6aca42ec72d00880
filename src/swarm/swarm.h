#pragma once

#include "base/log_sink.h"
#include "crypto/keys.h"
#include "replication/peers/peer_locator.h"
#include "swarm/network_status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::swarm {

/// How a node takes part in the network.
struct SwarmOptions {
  std::vector<std::string> listen;     ///< `host:port` with a literal address, `[v6]:port`; port 0 = any
  std::vector<std::string> bootstrap;  ///< DHT entry points; empty: the public ones, or none in a private network
  bool private_network = false;        ///< no public routers, no UPnP or NAT-PMP, private addresses allowed in the DHT
  bool dht = true;
  bool lsd = true;
  std::uint64_t up_limit = 0;    ///< bytes a second, 0 = none; counts local peers too
  std::uint64_t down_limit = 0;  ///< bytes a second, 0 = none
};

/// A mutable item of the DHT (BEP 44): a value that the holder of a key signed, with a sequence number.
struct DhtItem {
  std::int64_t seq = 0;
  Bytes value;  ///< stored as a bencoded string
};

/// The node's place in the swarm: finds peers of joined feeds and carries messages. Thread-safe. Its transports may be
/// used from any thread and call their handlers on the network thread, where nothing may block.
class Swarm : public replication::PeerLocator {
 public:
  using replication::PeerLocator::dial;
  /// The node behind a connection from `host_port` proved that it lies. See ConnectionPolicy::note_offence().
  virtual void note_offence(std::string_view host_port) = 0;
  /// `host:port` where this node can be dialled: the first listening address.
  [[nodiscard]] virtual std::string listening() const = 0;
  /// Nodes in the DHT's routing table, to which bootstrap nodes do not belong; 0 without DHT.
  [[nodiscard]] virtual std::size_t dht_nodes() const = 0;
  [[nodiscard]] virtual NetworkStatus status() const = 0;

  /// Addresses at which peers of a joined feed were met in former runs: dialled while it has no peer.
  virtual void recall(const crypto::Digest& discovery_key, const std::vector<std::string>& host_ports) = 0;

  /// Asks the DHT who announces the feed. The answers add up in looked_up().
  virtual void look_up(const crypto::Digest& discovery_key) = 0;
  /// What came of the last look_up() of this key so far: `host:port`.
  [[nodiscard]] virtual std::vector<std::string> looked_up(const crypto::Digest& discovery_key) const = 0;
  /// Asks the node at an address of the DHT for a sign of life; names are resolved, which may block.
  virtual void ping_dht(const std::string& host_port) = 0;
  /// Whether it answered: nullopt while nothing is known.
  [[nodiscard]] virtual std::optional<bool> dht_answered(const std::string& host_port) const = 0;

  /// What to store in place of what is stored now (nullopt: nothing); nullopt leaves that as it is. Network thread.
  using ItemChoice = std::function<std::optional<DhtItem>(const std::optional<DhtItem>& stored)>;
  /// Stores an item under `key`, after the newest that is there was found. Nothing is told of the outcome: the DHT
  /// promises none. Values above kMaxItemValue bytes are refused (an assertion).
  virtual void put_item(std::shared_ptr<const crypto::KeyPair> key, ItemChoice choose) = 0;
  /// Looks for the newest item under a key; what is found is told to on_item().
  virtual void get_item(const PublicKey& key) = 0;
  /// Told of every item that get_item() finds, on the swarm's own thread. Once, before the first get_item().
  virtual void on_item(std::function<void(const PublicKey& key, const DhtItem& item)> told) = 0;
};

/// A bencoded item has 1,000 bytes at most; above it puts fail without a word.
inline constexpr std::size_t kMaxItemValue = 990;

/// Starts listening. Code::invalid_argument for an address that cannot be read, Code::io for one that is taken or not
/// this machine's. Where there is no network it begins all the same, and listens when there is one. The destructor ends
/// all connections.
[[nodiscard]] Result<std::unique_ptr<Swarm>> start_swarm(const SwarmOptions& options, base::LogSink& log);

}  // namespace shoal::swarm
