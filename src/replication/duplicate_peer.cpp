#include "replication/duplicate_peer.h"

namespace shoal::replication {

Duplicate judge_duplicate(const PublicKey& own_key, const PeerView& older, const PeerView& newer) {
  if (own_key == PublicKey{} || older.node_key != newer.node_key) return Duplicate::keep_both;
  if (older.address.outgoing == newer.address.outgoing) {
    return newer.address.outgoing ? Duplicate::close_newer : Duplicate::keep_both;
  }
  const bool ours_stays = own_key < newer.node_key;
  return newer.address.outgoing == ours_stays ? Duplicate::close_older : Duplicate::close_newer;
}

}  // namespace shoal::replication
