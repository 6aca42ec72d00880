#include "replication/heads/head_turns.h"

#include <vector>

namespace shoal::replication {

void HeadTurns::on_head(PeerId id, Peer& peer, const feed::Checkpoint& head) {
  const bool now = !peer.first_head_came || heads_.is_known(head) || peer.goes_back(head) ||
                   all_.take(peer.budgets->head_share, core_.now());
  if (!now) {
    waiting_.insert_or_assign(id, head);
    return;
  }
  waiting_.erase(id);
  look_(id, peer, head);
}

void HeadTurns::tick() {
  // Each in its turn: from the one behind the last that was looked at.
  std::vector<PeerId> order;
  const auto middle = waiting_.upper_bound(last_);
  for (auto at = middle; at != waiting_.end(); ++at) order.push_back(at->first);
  for (auto at = waiting_.begin(); at != middle; ++at) order.push_back(at->first);
  for (const PeerId id : order) {
    Peer* peer = core_.find(id);
    if (peer != nullptr && !all_.take(peer->budgets->head_share, core_.now())) continue;
    const feed::Checkpoint head = waiting_.at(id);
    waiting_.erase(id);
    // Blocks may have brought a longer one meanwhile.
    if (peer == nullptr || peer->goes_back(head)) continue;
    last_ = id;
    look_(id, *peer, head);
  }
}

}  // namespace shoal::replication
