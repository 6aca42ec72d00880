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

/// Settings of a node's swarm.
struct SwarmOptions {
  std::vector<std::string> listen;     ///< `host:port` with a literal address, `[v6]:port`; port 0 = any
  std::vector<std::string> bootstrap;  ///< DHT entry points; empty: the public ones, or none in a private network
  bool private_network = false;        ///< no public routers, no UPnP or NAT-PMP, private addresses allowed in the DHT
  bool dht = true;
  bool lsd = true;
  std::uint64_t up_limit = 0;    ///< bytes a second, 0 = none; counts local peers too
  std::uint64_t down_limit = 0;  ///< bytes a second, 0 = none
};

/// A mutable item of the DHT (BEP 44): a value with a sequence number, signed by the holder of a key.
struct DhtItem {
  std::int64_t seq = 0;
  Bytes value;  ///< stored as a bencoded string
};

/// The node's access to the swarm: finds peers of joined feeds and carries messages. Thread-safe. Its transports may be
/// used from any thread; they call their handlers on the network thread, where no call may block.
class Swarm : public replication::PeerLocator {
 public:
  using replication::PeerLocator::dial;
  /// A node connected from `host_port` lied. See ConnectionPolicy::note_offence().
  virtual void note_offence(std::string_view host_port) = 0;
  /// `host:port` where this node can be dialled: the first listening address.
  [[nodiscard]] virtual std::string listening() const = 0;
  /// Number of nodes in the DHT's routing table, without bootstrap nodes; 0 without DHT.
  [[nodiscard]] virtual std::size_t dht_nodes() const = 0;
  [[nodiscard]] virtual NetworkStatus status() const = 0;

  /// Addresses of peers of a joined feed from earlier runs: dialled while the feed has no peer.
  virtual void recall(const crypto::Digest& discovery_key, const std::vector<std::string>& host_ports) = 0;

  /// Asks the DHT for nodes that announce the feed. looked_up() collects the replies.
  virtual void look_up(const crypto::Digest& discovery_key) = 0;
  /// The replies to the last look_up() of this key so far: `host:port`.
  [[nodiscard]] virtual std::vector<std::string> looked_up(const crypto::Digest& discovery_key) const = 0;
  /// Pings the DHT node at this address. Resolves names, which may block.
  virtual void ping_dht(const std::string& host_port) = 0;
  /// Whether it answered; nullopt while that is not known.
  [[nodiscard]] virtual std::optional<bool> dht_answered(const std::string& host_port) const = 0;

  /// Called with the stored item (nullopt: none); returns the item to store, or nullopt to keep the stored one. On the
  /// network thread.
  using ItemChoice = std::function<std::optional<DhtItem>(const std::optional<DhtItem>& stored)>;
  /// Looks up the newest item under `key`, then stores the one that `choose` returns. The outcome is not reported: the
  /// DHT guarantees none. A value of more than kMaxItemValue bytes fails an assertion.
  virtual void put_item(std::shared_ptr<const crypto::KeyPair> key, ItemChoice choose) = 0;
  /// Looks up the newest item under a key; on_item() receives it.
  virtual void get_item(const PublicKey& key) = 0;
  /// Sets the receiver of items that get_item() finds, which is called on the swarm's own thread. To be called once,
  /// before the first get_item().
  virtual void on_item(std::function<void(const PublicKey& key, const DhtItem& item)> handler) = 0;
};

/// BEP 44: a bencoded value has at most 1,000 bytes; nodes drop larger ones silently.
inline constexpr std::size_t kMaxItemValue = 990;

/// Starts listening. Code::invalid_argument for a malformed address, Code::io for one that is in use or not of this
/// machine. Without a network it succeeds, and listens as soon as there is one. The destructor ends all connections.
[[nodiscard]] Result<std::unique_ptr<Swarm>> start_swarm(const SwarmOptions& options, base::LogSink& log);

}  // namespace shoal::swarm
