#pragma once

#include "base/token_bucket.h"
#include "swarm/net_address.h"

#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace shoal::swarm {

/// Decides which connections a node keeps when more come than it has room for (docs/PROTOCOL.md, "Connections"). A
/// newcomer that exceeds a limit evicts the worst of the connections that count against that limit, or is refused. The
/// limits per address and per network make an attacker compete with its own connections; connections that brought
/// verified blocks and the oldest ones are protected. The eviction follows Bitcoin Core (node/eviction.cpp,
/// SelectNodeToEvict: protect by usefulness and age, evict from the largest network group) against eclipse attacks
/// (Heilman et al. 2015). Without it one host with many connections cuts a node off from its swarm.
///
/// Pure state; the caller passes the time. Confined to its caller.
class ConnectionPolicy {
 public:
  struct Limits {
    std::size_t all = 4000;
    std::size_t feed = 500;              ///< of one feed; the limits below count incoming connections only
    std::size_t half_open = 128;         ///< without a proven node key, of all feeds
    std::size_t address_half_open = 32;  ///< the same from one address
    std::size_t feed_address = 16;       ///< of one feed from one address: many nodes share one behind a NAT
    std::size_t feed_network = 64;       ///< of one feed from one network
    base::TokenBucket::Rate address_rate = {50, 200};  ///< new connections from one address
    /// No limits per address for private addresses: a closed network has few of them, or one.
    bool private_network = false;
  };
  /// A connection; 0 is none.
  using Id = std::uint64_t;
  struct Newcomer {
    std::uint64_t feed = 0;
    NetAddress address;
    bool outgoing = false;
  };
  struct Decision {
    Id id = 0;                  ///< 0: refused
    std::optional<Id> evicted;  ///< the caller must end this one; it is removed here already
    const char* why = "";       ///< reason of a refusal
  };

  explicit ConnectionPolicy(Limits limits) : limits_(limits) {}

  /// A connection whose BitTorrent handshake came.
  [[nodiscard]] Decision admit(const Newcomer& newcomer, base::MonoTime now);
  /// The session of this connection proved the node key, and brought this many verified blocks since it began.
  void note_standing(Id id, const PublicKey& node_key, std::uint64_t given_blocks, base::MonoTime now);
  void remove(Id id) { connections_.erase(id); }
  /// A node at this address lied in an authenticated session. kMaxOffences of them block new connections from the
  /// address; one alone does not, because honest nodes may share the address. They decay with kOffenceHalfLife.
  void note_offence(const NetAddress& address, base::MonoTime now);

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

  static constexpr base::MonoTime kGrace =
      std::chrono::seconds(1);  ///< for the handshake before a connection may be evicted
  static constexpr std::uint64_t kUsefulBlocks = 16;
  static constexpr double kMaxOffences = 8;
  static constexpr base::MonoTime kOffenceHalfLife = std::chrono::minutes(10);
  static constexpr std::size_t kMaxAddresses = 1024;

 private:
  struct Connection {
    Newcomer from;
    base::MonoTime since{0};
    base::MonoTime useful{0};  ///< when it last brought blocks; at first when it began
    std::optional<PublicKey> node_key;
    std::uint64_t given_blocks = 0;
  };
  struct Address {
    base::TokenBucket connections;
    double offences = 0;  ///< as of offence_time
    base::MonoTime offence_time{0};
  };
  /// A connection that counts against the limit in question; points into connections_.
  struct Rival {
    Id id = 0;
    const Connection* connection = nullptr;
    NetAddress network;
    std::size_t crowd = 0;  ///< rivals of the same network
    bool kept = false;      ///< protected from eviction
  };
  using Rivals = std::vector<Rival>;

  [[nodiscard]] bool exempt(const NetAddress& address) const;
  [[nodiscard]] Address& address(const NetAddress& host, base::MonoTime now);
  [[nodiscard]] static double offences(const Address& address, base::MonoTime now);
  /// The connections that match `wanted`, when there are at least `limit` of them; otherwise none.
  template <class Predicate>
  [[nodiscard]] Rivals at_least(std::size_t limit, Predicate wanted) const;
  /// The connections that count against the first limit that the newcomer would exceed; empty when it exceeds none.
  [[nodiscard]] Rivals rivals_of(const Newcomer& newcomer) const;
  /// The rival that a newcomer from `network` evicts.
  [[nodiscard]] static std::optional<Id> worst(Rivals rivals, const NetAddress& network, base::MonoTime now);
  static void keep_useful(Rivals& rivals);
  static void keep_aged(Rivals& rivals);

  Limits limits_;
  Id last_ = 0;
  std::map<Id, Connection> connections_;
  std::map<NetAddress, Address> addresses_;
};

}  // namespace shoal::swarm
