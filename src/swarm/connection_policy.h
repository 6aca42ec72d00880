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

/// Which connections a node keeps when more come than it has room for (docs/PROTOCOL.md, "Connections"). Whoever fills
/// one address or network competes with himself; who gave verified blocks, or has been here for long, stays. Pure state
/// on times it is told, confined to its caller.
class ConnectionPolicy {
 public:
  struct Limits {
    std::size_t all = 4000;
    std::size_t feed = 500;              ///< of one feed; each further limit is for strangers' connections only
    std::size_t half_open = 128;         ///< without a proven node key, of all feeds
    std::size_t address_half_open = 32;  ///< the same from one address
    std::size_t feed_address = 16;       ///< of one feed from one address: many nodes share one behind a NAT
    std::size_t feed_network = 64;
    base::TokenBucket::Rate address_rate = {50, 200};  ///< new connections from one address
    /// No bound by address for private ones: a closed network has few, or one.
    bool private_network = false;
  };
  /// Names a connection. 0 is none.
  using Id = std::uint64_t;
  struct Newcomer {
    std::uint64_t feed = 0;
    NetAddress address;
    bool outgoing = false;
  };
  struct Decision {
    Id id = 0;                  ///< 0: turned away
    std::optional<Id> evicted;  ///< ends in its place; already removed here
    const char* why = "";       ///< it was turned away
  };

  explicit ConnectionPolicy(Limits limits) : limits_(limits) {}

  /// A connection whose other side said its BitTorrent handshake.
  [[nodiscard]] Decision admit(const Newcomer& newcomer, base::MonoTime now);
  /// Its session proved a node key, or brought so many verified blocks by now.
  void note_standing(Id id, const PublicKey& node_key, std::uint64_t given_blocks, base::MonoTime now);
  void remove(Id id) { connections_.erase(id); }
  /// A node there proved by its own signature in a session that it lies. Counts against further connections from the
  /// address for some minutes, and only when it repeats: honest nodes may share it.
  void note_offence(const NetAddress& address, base::MonoTime now);

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

  static constexpr base::MonoTime kGrace = std::chrono::seconds(1);  ///< for the handshake before it may be evicted
  static constexpr std::uint64_t kUsefulBlocks = 16;
  static constexpr double kMaxOffences = 8;
  static constexpr base::MonoTime kOffenceHalfLife = std::chrono::minutes(10);
  static constexpr std::size_t kMaxAddresses = 1024;

 private:
  struct Connection {
    Newcomer from;
    base::MonoTime since{0};
    base::MonoTime useful{0};  ///< when it last brought blocks, or began
    std::optional<PublicKey> node_key;
    std::uint64_t given_blocks = 0;
  };
  struct Address {
    base::TokenBucket connections;
    double offences = 0;  ///< as of offence_time
    base::MonoTime offence_time{0};
  };
  /// One of those that compete for a place; points into connections_.
  struct Rival {
    Id id = 0;
    const Connection* connection = nullptr;
    NetAddress network;
    std::size_t crowd = 0;  ///< rivals of the same network
    bool kept = false;
  };
  using Rivals = std::vector<Rival>;

  [[nodiscard]] bool exempt(const NetAddress& address) const;
  [[nodiscard]] Address& address(const NetAddress& host, base::MonoTime now);
  [[nodiscard]] static double offences(const Address& address, base::MonoTime now);
  /// Those that `wanted` names when they are `limit` or more; else none.
  template <class Predicate>
  [[nodiscard]] Rivals at_least(std::size_t limit, Predicate wanted) const;
  /// Of the first limit that the newcomer would break: whom it competes with.
  [[nodiscard]] Rivals rivals_of(const Newcomer& newcomer) const;
  /// Whom a newcomer from `network` replaces.
  [[nodiscard]] static std::optional<Id> worst(Rivals rivals, const NetAddress& network, base::MonoTime now);
  static void keep_useful(Rivals& rivals);
  static void keep_aged(Rivals& rivals);

  Limits limits_;
  Id last_ = 0;
  std::map<Id, Connection> connections_;
  std::map<NetAddress, Address> addresses_;
};

}  // namespace shoal::swarm
