#include "replication/peers/duplicate_peer.h"

namespace shoal::replication {
namespace {

/// A connection with a message within this time is alive.
constexpr base::MonoTime kFresh = std::chrono::milliseconds(500);

}  // namespace

Duplicate judge_duplicate(const PublicKey& own_key, const PeerView& older, const PeerView& newer) {
  if (own_key == PublicKey{} || older.node_key != newer.node_key) return Duplicate::keep_both;
  if (older.address.outgoing == newer.address.outgoing) {
    return newer.address.outgoing ? Duplicate::close_newer : Duplicate::keep_both;
  }
  const bool ours_stays = own_key < newer.node_key;
  return newer.address.outgoing == ours_stays ? Duplicate::close_older : Duplicate::close_newer;
}

void DuplicatePeers::on_added(Peer& added) {
  for (const auto& [id, older] : core_.peers()) {
    if (older.get() == &added || older->gone || added.gone) continue;
    const Duplicate verdict = judge_duplicate(core_.node_key(), older->view, added.view);
    if (verdict == Duplicate::close_older) close(*older);
    if (verdict != Duplicate::close_newer) continue;
    if (core_.now() - older->last_heard < kFresh) {
      close(added);
    } else {
      core_.ping(*older);
      conflicts_.push_back({id, added.view.id, core_.now()});
    }
  }
}

void DuplicatePeers::tick() {
  std::erase_if(conflicts_, [this](const Conflict& conflict) { return resolve(conflict); });
}

bool DuplicatePeers::resolve(const Conflict& conflict) {
  Peer* const older = core_.find(conflict.older);
  Peer* const newer = core_.find(conflict.newer);
  if (older == nullptr || newer == nullptr) return true;
  const bool lives = older->last_heard > conflict.since;
  if (!lives && !older->suspect) return false;
  close(lives ? *newer : *older);
  return true;
}

void DuplicatePeers::close(Peer& peer) {
  peer.gone = true;
  peer.outbox->close("connected twice");
  closed_(peer.view.id);
}

}  // namespace shoal::replication
