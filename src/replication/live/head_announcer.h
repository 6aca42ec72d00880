#pragma once

#include "replication/live/tree_peers.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace shoal::replication {

/// Whom to tell of our head, and when (docs/PROTOCOL.md, "Heads"). A mirror tells at once who did not announce it here
/// itself; all others hear lazily, some heads at a time, that we have it too. An owner leaves the news to its
/// children's children: who hears of a record from the owner before the tree brings it would ask the owner for it. It
/// tells who is still behind after a while, and a few at once when nobody passes its records on. That it holds what
/// others announced they hear when it cannot make them ask for more, in the end in any case.
class HeadAnnouncer {
 public:
  /// What a peer did not announce, and was not told, for so long.
  static constexpr base::MonoTime kLazily = std::chrono::seconds(1);

  /// By then an owner tells who keeps up, too.
  static constexpr base::MonoTime kAnyway = std::chrono::seconds(4);

  HeadAnnouncer(const TreePeers& peers, bool owner) : peers_(peers), owner_(owner) {}

  /// Our head is this long now; false when it was already.
  bool on_head(std::uint64_t size, base::MonoTime now);
  /// Peers to tell now; they count as told from their TreePeer on. To be called after on_head(), and several times a
  /// second or at least once.
  [[nodiscard]] std::vector<PeerId> due(base::MonoTime now);

 private:
  struct Growth {
    std::uint64_t size = 0;
    base::MonoTime at{0};
  };
  [[nodiscard]] std::uint64_t size_at(base::MonoTime then) const;
  [[nodiscard]] std::vector<PeerId> helpers(base::MonoTime now);

  const TreePeers& peers_;
  bool owner_;
  std::vector<Growth> growths_;  ///< the last one before kAnyway ago, and those since
  base::MonoTime last_help_{0};
};

}  // namespace shoal::replication
