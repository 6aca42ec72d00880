#include "swarm/connection_policy.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace shoal::swarm {
namespace {

/// Of every N rivals protect one for the blocks it gave, and one for its age; of these at most a few from one network.
constexpr std::size_t kKeptForUse = 2;
constexpr std::size_t kKeptForAge = 8;
constexpr std::size_t kAgedPerNetwork = 4;

}  // namespace

ConnectionPolicy::Decision ConnectionPolicy::admit(const Newcomer& newcomer, base::MonoTime now) {
  Decision decision;
  if (!newcomer.outgoing && !exempt(newcomer.address)) {
    Address& from = address(newcomer.address.host(), now);
    if (offences(from, now) >= kMaxOffences) return {0, std::nullopt, "too many lies came from its address"};
    if (!from.connections.take(1, now)) return {0, std::nullopt, "too many connections a second from its address"};
  }
  if (Rivals rivals = rivals_of(newcomer); !rivals.empty()) {
    decision.evicted = worst(std::move(rivals), newcomer.address.network(), now);
    if (!decision.evicted) return {0, std::nullopt, "no room for another connection"};
    connections_.erase(*decision.evicted);
  }
  decision.id = ++last_;
  connections_.emplace(decision.id, Connection{newcomer, now, now, std::nullopt, 0});
  return decision;
}

void ConnectionPolicy::note_standing(Id id, const PublicKey& node_key, std::uint64_t given_blocks, base::MonoTime now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  connection.node_key = node_key;
  if (given_blocks > connection.given_blocks) connection.useful = now;
  connection.given_blocks = given_blocks;
}

void ConnectionPolicy::note_offence(const NetAddress& from, base::MonoTime now) {
  if (exempt(from)) return;
  Address& offender = address(from.host(), now);
  offender.offences = offences(offender, now) + 1;
  offender.offence_time = now;
}

bool ConnectionPolicy::exempt(const NetAddress& address) const {
  return limits_.private_network && address.is_private();
}

ConnectionPolicy::Address& ConnectionPolicy::address(const NetAddress& host, base::MonoTime now) {
  if (addresses_.size() >= kMaxAddresses && !addresses_.contains(host)) {
    constexpr double kForgiven = 0.5;
    std::erase_if(addresses_, [&](const auto& item) {
      return item.second.connections.full(now) && offences(item.second, now) < kForgiven;
    });
    // The table is full of active addresses: dropping one entry gives an attacker that has kMaxAddresses addresses
    // nothing more.
    if (addresses_.size() >= kMaxAddresses) addresses_.erase(addresses_.begin());
  }
  return addresses_.try_emplace(host, Address{base::TokenBucket(limits_.address_rate), 0, now}).first->second;
}

double ConnectionPolicy::offences(const Address& address, base::MonoTime now) {
  const double half_lives = std::chrono::duration<double>(now - address.offence_time) / kOffenceHalfLife;
  return address.offences * std::exp2(-half_lives);
}

template <class Predicate>
ConnectionPolicy::Rivals ConnectionPolicy::at_least(std::size_t limit, Predicate wanted) const {
  const auto count =
      std::count_if(connections_.begin(), connections_.end(), [&](const auto& item) { return wanted(item.second); });
  Rivals out;
  if (static_cast<std::size_t>(count) < limit) return out;
  for (const auto& [id, connection] : connections_) {
    if (wanted(connection)) out.push_back({id, &connection, connection.from.address.network(), 0, false});
  }
  return out;
}

ConnectionPolicy::Rivals ConnectionPolicy::rivals_of(const Newcomer& newcomer) const {
  // We choose the nodes that we dial: outgoing connections count in the last two limits only, and are never evicted.
  const auto stranger = [](const Connection& one) { return !one.from.outgoing; };
  const auto same_feed = [&](const Connection& one) { return one.from.feed == newcomer.feed; };
  Rivals rivals;
  if (!newcomer.outgoing && !exempt(newcomer.address)) {
    const NetAddress host = newcomer.address.host();
    const NetAddress network = newcomer.address.network();
    const auto same_host = [&](const Connection& one) { return stranger(one) && one.from.address.host() == host; };
    rivals = at_least(limits_.address_half_open, [&](const auto& one) { return !one.node_key && same_host(one); });
    if (!rivals.empty()) return rivals;
    rivals = at_least(limits_.feed_address, [&](const auto& one) { return same_feed(one) && same_host(one); });
    if (!rivals.empty()) return rivals;
    rivals = at_least(limits_.feed_network, [&](const auto& one) {
      return same_feed(one) && stranger(one) && one.from.address.network() == network;
    });
    if (!rivals.empty()) return rivals;
  }
  if (!newcomer.outgoing) {
    rivals = at_least(limits_.half_open, [&](const auto& one) { return !one.node_key && stranger(one); });
    if (!rivals.empty()) return rivals;
  }
  rivals = at_least(limits_.feed, same_feed);
  return rivals.empty() ? at_least(limits_.all, [](const auto&) { return true; }) : rivals;
}

/// Protects the connections that gave most blocks, if at least kUsefulBlocks.
void ConnectionPolicy::keep_useful(Rivals& rivals) {
  std::vector<Rival*> useful;
  for (Rival& rival : rivals) {
    if (rival.connection->given_blocks >= kUsefulBlocks) useful.push_back(&rival);
  }
  std::sort(useful.begin(), useful.end(),
            [](const Rival* a, const Rival* b) { return a->connection->given_blocks > b->connection->given_blocks; });
  if (useful.size() > rivals.size() / kKeptForUse) useful.resize(rivals.size() / kKeptForUse);
  for (Rival* rival : useful) rival->kept = true;
}

/// Protects the oldest connections with different node keys, at most kAgedPerNetwork from one network.
void ConnectionPolicy::keep_aged(Rivals& rivals) {
  std::map<NetAddress, std::size_t> by_network;
  std::set<PublicKey> nodes;
  std::size_t left = rivals.size() / kKeptForAge;
  // Rivals are sorted by id, so by age.
  for (Rival& rival : rivals) {
    if (left == 0) return;
    const auto& node_key = rival.connection->node_key;
    if (!node_key || !nodes.insert(*node_key).second) continue;
    if (++by_network[rival.network] > kAgedPerNetwork) continue;
    rival.kept = true;
    --left;
  }
}

/// From the network with most rivals: first one without a node key, then the one that gave fewest blocks, then the one
/// that brought nothing for the longest time.
std::optional<ConnectionPolicy::Id> ConnectionPolicy::worst(Rivals rivals, const NetAddress& network,
                                                            base::MonoTime now) {
  keep_useful(rivals);
  keep_aged(rivals);
  std::map<NetAddress, std::size_t> crowd;
  for (const Rival& rival : rivals) ++crowd[rival.network];
  for (Rival& rival : rivals) rival.crowd = crowd[rival.network];
  // kGrace protects no connection of a network that has more rivals than the newcomer's: an attacker could else keep
  // its places by opening new connections all the time.
  const std::size_t fair = crowd[network] + 1;
  const Rival* worst = nullptr;
  const auto rank = [&](const Rival& rival) {
    const Connection& one = *rival.connection;
    return std::tuple(rival.crowd, !one.node_key, ~one.given_blocks, now - one.useful);
  };
  for (const Rival& rival : rivals) {
    const bool young = !rival.connection->node_key && now - rival.connection->since < kGrace;
    const bool fresh = young && rival.crowd <= fair;
    if (rival.connection->from.outgoing || fresh || rival.kept) continue;
    if (worst == nullptr || rank(rival) > rank(*worst)) worst = &rival;
  }
  return worst == nullptr ? std::nullopt : std::optional(worst->id);
}

}  // namespace shoal::swarm
