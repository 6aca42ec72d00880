#include "swarm/libtorrent/connection_gate.h"

#include "swarm/libtorrent/endpoints.h"

namespace shoal::swarm {

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
