#include "swarm/libtorrent/connection_gate.h"

#include <algorithm>

namespace shoal::swarm {
namespace {

NetAddress net_address(const lt::address& address) {
  const auto v6 =
      address.is_v6() ? address.to_v6() : boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4());
  NetAddress out;
  const auto bytes = v6.to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

}  // namespace

ConnectionGate::Id ConnectionGate::admit(std::uint64_t feed, const lt::address& from, bool outgoing,
                                         std::function<void()> end) {
  const auto decision = policy_.admit({feed, net_address(from), outgoing}, clock_.mono_now());
  if (decision.evicted) {
    if (auto evicted = ends_.extract(*decision.evicted)) evicted.mapped()();
  }
  if (decision.id != 0) ends_[decision.id] = std::move(end);
  return decision.id;
}

void ConnectionGate::note_standing(Id id, const PublicKey& node_key, std::uint64_t given_blocks) {
  policy_.note_standing(id, node_key, given_blocks, clock_.mono_now());
}

void ConnectionGate::remove(Id id) {
  policy_.remove(id);
  ends_.erase(id);
}

void ConnectionGate::note_offence(const lt::address& from) {
  policy_.note_offence(net_address(from), clock_.mono_now());
}

}  // namespace shoal::swarm
