#pragma once

#include "replication/live/tree_peers.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace shoal::replication {

/// Decides to which peers our head is announced, and when (docs/PROTOCOL.md, "Heads"). Announcements are the lazy links
/// of the broadcast tree, as IHAVE is in Plumtree (Leitao, Pereira, Rodrigues 2007): they repair the tree when a push
/// is lost, and they must not overtake the push, because a peer that hears of a record first asks for it a second time.
///
/// A mirror announces a head at once to each peer that did not announce that head itself; the others hear within
/// kLazily that we hold it too, several heads in one message. An owner leaves announcing to its children: a peer that
/// hears of a record from the owner before the tree brings it would ask the owner, whose upload is the scarcest. The
/// owner announces to peers that are behind by kLazily, to a few helpers at once when no peer passes a record on, and
/// to all others within kAnyway, so that they know which blocks it holds.
///
/// Without it a lost push is noticed only with the next one, and the owner's line carries requests of the whole swarm.
/// Pure state; the caller passes the time. Confined to its caller.
class AnnouncementPolicy {
 public:
  /// A head that is older than this is announced to each peer that neither announced it nor was sent it.
  static constexpr base::MonoTime kLazily = std::chrono::seconds(1);

  /// An owner announces a head that is older than this also to peers that are not behind.
  static constexpr base::MonoTime kAnyway = std::chrono::seconds(4);

  AnnouncementPolicy(const TreePeers& peers, bool owner) : peers_(peers), owner_(owner) {}

  /// The tree size of our head is `size` now; false when it was not smaller before.
  bool on_head(std::uint64_t size, base::MonoTime now);
  /// Peers to announce our head to now; TreePeer::notified says that it was done. To be called after on_head() and at
  /// least once a second.
  [[nodiscard]] std::vector<PeerId> due(base::MonoTime now);

 private:
  struct Growth {
    std::uint64_t size = 0;
    base::MonoTime at{0};
  };
  /// Tree size of our head at that time.
  [[nodiscard]] std::uint64_t size_at(base::MonoTime then) const;
  /// Peers that an owner asks to take its newest record, because no peer but its children announced it.
  [[nodiscard]] std::vector<PeerId> helpers(base::MonoTime now);

  const TreePeers& peers_;
  bool owner_;
  std::vector<Growth> growths_;  ///< those of the last kAnyway and the one before
  base::MonoTime last_help_{0};
};

}  // namespace shoal::replication
